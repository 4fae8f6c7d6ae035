#!/bin/sh
# overlayd.exe's commands for the service, as an administrator types them.
set -u
cd "$(dirname "$0")/../.." || exit
W=${B:-build}-windows
. tests/check.sh
dir=$(mktemp -d)
trap 'rm -rf "$check_said" "$dir"' EXIT
data=$(printf 'Z:%s\\d\303\244ta dir' "$dir" | tr / '\\')
pipe='\\.\pipe\overlayd-install-test'
name=ZLayerDaemon-Overlayd
keys='HKLM\System\CurrentControlSet\Services'

overlayd() {
	$WINE "$W/bin/overlayd.exe" "$@" </dev/null
}

value() { # KEY VALUE: as the registry has it
	$WINE reg query "$keys\\$1" /v "$2" | tr -d '\r' | sed -n "s/^ *$2  *REG_[A-Z_]*  *//p"
}

state() {
	$WINE sc query $name | tr -d '\r' | sed -n 's/^ *STATE *: *\([0-9]*\).*/\1/p'
}

wait_state() {
	n=0
	while [ "$(state)" != "$1" ]; do
		n=$((n + 1))
		[ $n -lt 200 ] || return
		sleep 0.05
	done
}

overlayd uninstall >"$dir/out" 2>&1 # what an earlier run has left

install() {
	overlayd install --data-dir "$data" --socket "$pipe" --log-level debug | tr -d '\r' | grep -qx "$name is installed" && [ "$(state)" = 1 ]
}
check installs install

plain() { # reg.exe writes in a code page: without what is not ASCII
	LC_ALL=C tr -cd ' -~'
}

registered() {
	program=$(printf 'Z:%s/overlayd.exe' "$(cd "$W/bin" && pwd)" | tr / '\\')
	want=$(printf '"%s" --data-dir "%s" --service --socket %s --log-level debug' "$program" "$data" "$pipe" | plain)
	[ "$(value $name ImagePath | plain)" = "$want" ] || { value $name ImagePath; return 1; }
	[ "$(value $name DisplayName)" = 'ZLayer Daemon (overlayd)' ] && [ "$(value $name Start)" = 0x2 ] && [ "$(value $name Type)" = 0x10 ] &&
		value $name Description | grep -q 'overlay network' && [ "$(value $name ObjectName)" = LocalSystem ] && [ "$(value $name PreshutdownTimeout)" = 0xea60 ]
}
check is_registered registered

shown() {
	value "EventLog\\Application\\$name" EventMessageFile | grep -q 'EventCreate.exe$' && [ "$(value "EventLog\\Application\\$name" TypesSupported)" = 0x5 ]
}
check its_events_have_texts shown

# Changed where it is: what somebody else has set stays.
changes() {
	$WINE reg add "$keys\\$name" /v Mine /d kept /f >"$dir/out" 2>&1
	overlayd install --data-dir "$data" --socket "$pipe" --start | tr -d '\r' | grep -qx "$name runs" && [ "$(value $name Mine)" = kept ] &&
		! value $name ImagePath | grep -q log-level
}
check changes_what_is_there changes

serves() {
	[ "$(state)" = 4 ] && $WINE "$W/bin/overlayctl.exe" --socket "$pipe" status >"$dir/status" && grep -q ' info  serving at ' "$(printf '%s/d\303\244ta dir/logs/overlayd.log' "$dir")"
}
check it_runs_and_writes_its_log serves

again() {
	overlayd install --data-dir "$data" --socket "$pipe" --start | tr -d '\r' | grep -qx "$name runs" && [ "$(state)" = 4 ]
}
check a_second_start_is_no_error again

anew() {
	overlayd reinstall --data-dir "$data" --socket "$pipe" | tr -d '\r' | grep -qx "$name runs" && [ "$(state)" = 4 ] && [ -z "$(value $name Mine)" ]
}
check reinstall_makes_it_anew_and_goes_on anew

in_band() {
	$WINE "$W/bin/overlayctl.exe" --socket "$pipe" shutdown && wait_state 1 && $WINE sc query $name | grep -q 'WIN32_EXIT_CODE *: 0 '
}
check a_client_ends_it in_band

uninstall() {
	overlayd install --data-dir "$data" --socket "$pipe" --start >"$dir/out" 2>&1 && overlayd uninstall | tr -d '\r' | grep -qx "$name is not installed" &&
		[ -z "$(state)" ] && [ -z "$(value "EventLog\\Application\\$name" TypesSupported)" ] &&
		grep -c ' info  stopped$' "$(printf '%s/d\303\244ta dir/logs/overlayd.log' "$dir")" | grep -qx 3
}
check uninstall_stops_it_first uninstall
check what_is_not_there_is_uninstalled overlayd uninstall

why() { # it did not start, and the installer says why
	overlayd install --instance test --data-dir "$data" --socket nonsense --start >"$dir/out" 2>&1
	[ $? -eq 1 ] && grep -q '^overlayd: ZLayerDaemon-Test has ended: wrong command line (1)' "$dir/out" && overlayd uninstall --instance test
}
check a_start_that_fails_says_why why

refused() {
	for args in 'install --log-level loud' 'install --data-dir=' 'install --nonsense' 'install more' 'install --data-dir' 'install --socket' 'install --version' 'install --instance a/b' 'uninstall --start' 'uninstall more' 'uninstall --instance='; do
		# shellcheck disable=SC2086
		overlayd $args >"$dir/out" 2>&1
		[ $? -eq 2 ] && [ -s "$dir/out" ] || { echo "$args: $(cat "$dir/out")"; return 1; }
	done
	[ -z "$(state)" ]
}
check wrong_command_lines refused

helps() {
	overlayd install --help | grep -q '^usage: overlayd install' && overlayd --help | grep -q '^  --service' && overlayd --help | grep -q 'overlayd install'
}
check help helps

console() {
	overlayd --service >"$dir/out" 2>&1
	[ $? -eq 1 ] && grep -q '(error 1063)' "$dir/out" && grep -q 'overlayd install' "$dir/out"
}
check without_the_manager_it_says_what_to_do console

check_end
