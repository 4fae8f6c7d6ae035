#!/bin/sh
# The programs themselves, as people start them.
set -u
cd "$(dirname "$0")/../.." || exit
W=${B:-build}-windows
. tests/check.sh
dir=$(mktemp -d)
trap 'rm -rf "$check_said" "$dir"' EXIT
data=$(printf 'Z:%s\\d\303\244ta' "$dir" | tr / '\\')
pipe='\\.\pipe\overlayd-test'

ctl() { # as of the exit status, and what it says
	$WINE "$W/bin/overlayctl.exe" --socket "$pipe" "$@" </dev/null
}

daemon() { # ARGUMENTS...: in $pid; waits until it listens
	$WINE "$W/bin/overlayd.exe" --data-dir "$data" --socket "$pipe" "$@" >"$dir/said" 2>&1 </dev/null &
	pid=$!
	n=0
	while ! ctl status >"$dir/status" 2>&1; do
		n=$((n + 1))
		[ $n -lt 100 ] && kill -0 $pid || return
		sleep 0.1
	done
}

ends() { # STATUS
	wait "$pid"
	got=$?
	[ $got -eq "$1" ] || echo "ended with $got: $(cat "$dir/said")"
	[ $got -eq "$1" ]
}

nobody() {
	ctl status
	[ $? -eq 3 ]
}
check no_daemon nobody

wrong() {
	$WINE "$W/bin/overlayd.exe" --nonsense
	[ $? -eq 2 ]
}
check wrong_command_line wrong

starts() {
	daemon && grep -q '^public_key ' "$dir/status"
}
check starts starts

writes_log() { # and the path arrived as it was typed
	grep -q ' info  serving at ' "$(printf '%s/d\303\244ta/logs/overlayd.log' "$dir")"
}
check the_log_is_in_the_data_dir writes_log

second() {
	$WINE "$W/bin/overlayd.exe" --data-dir "$data" --socket "$pipe-2" >"$dir/second" 2>&1
	[ $? -eq 1 ] && grep -q "is another overlayd's" "$dir/second"
}
check one_daemon_per_data_dir second

not_built() {
	ctl teardown-global-overlay >"$dir/answer" 2>&1
	[ $? -eq 1 ] && grep -q '^overlayctl: not built yet on Windows: teardown_global_overlay$' "$dir/answer"
}
check what_is_not_built_says_so not_built

raw() {
	echo '{"op":"hello","client":"test"}' | $WINE "$W/bin/overlayctl.exe" --socket "$pipe" raw >"$dir/answer" && grep -q '"result":"server_info"' "$dir/answer" &&
		ctl --codec protobuf --json status | grep -q '^{"result":"status"'
}
check both_codecs raw

described() {
	ctl describe >"$dir/answer" && grep -q '^status  *' "$dir/answer" && ctl call set_local_node_id node_id=3 | grep -q '^ok'
}
check the_daemon_describes_itself described

conforms() {
	$WINE "$W/bin/overlay-conform.exe" server --socket "$pipe" --vectors tests/data/vectors --known tests/conformance/known/overlayd-windows.txt --slow --shutdown
}
check conforms conforms
check a_client_ends_it ends 0

interrupted() {
	daemon && kill -INT "$pid" && ends 0 && nobody
}
check control_c_ends_it interrupted

key_stays() {
	key=$(cat "$dir/status")
	daemon && [ "$key" = "$(cat "$dir/status")" ] && ctl shutdown && ends 0
}
check the_key_stays key_stays

codec() {
	"$B/bin/overlay-conform" codec --vectors tests/data/vectors -- "$WINE" "$W/bin/codec-testee.exe"
}
B=${B:-build}
check the_codec_conforms codec

check_end
