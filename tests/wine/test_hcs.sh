#!/bin/sh
# overlayctl.exe hcs on the stub of computecore.dll, and without one. The stub counts what it is owed.
set -u
B=${B:-build}
W=$B-windows
ctl=$W/bin/overlayctl.exe
dll=$WINEPREFIX/drive_c/windows/system32/computecore.dll
. tests/check.sh
tmp=$(mktemp -d)
trap 'rm -rf "$tmp" "$dll" "$check_said"' EXIT
export HCS_STUB= HCS_STUB_REPORT="Z:$tmp/owed"

ran() { # STATUS ARGUMENT...: what it prints is in $tmp/out and $tmp/err
	want=$1
	shift
	$WINE "$ctl" "$@" >"$tmp/out" 2>"$tmp/err" </dev/null
	got=$?
	[ $got -eq "$want" ] || { echo "ended with $got, not $want"; cat "$tmp/out" "$tmp/err"; return 1; }
}
said() { # out|err TEXT: all of it, times as T
	printf '%s' "$2" >"$tmp/want"
	sed -E 's/^[0-9-]{10}T[0-9:.]{12}Z/T/; s/"at_unix_ms":[0-9]+/"at_unix_ms":0/' "$tmp/$1" | diff "$tmp/want" -
}
nothing_owed() {
	[ "$(cat "$tmp/owed")" = "operations 0 systems 0 documents 0 violations 0" ] || { cat "$tmp/owed"; return 1; }
	rm "$tmp/owed"
}

rm -f "$dll"
without_the_library() {
	ran 3 hcs list && said err "overlayctl: hcs: computecore.dll can't be loaded, error 126 (needs Windows with the Containers or the Hyper-V feature)
" && ran 3 --json hcs events && grep -q '^{"result":"err",.*"code":"unavailable"}' "$tmp/out"
}
check without_the_library without_the_library

cp "$W/tests/wine/stub/computecore.dll" "$dll"
list() {
	HCS_STUB='enumerate document=[{"Id":"wéb","SystemType":"Container","State":"Running","Owner":"a\u001b[2J","RuntimeId":"r"}]'
	ran 0 hcs list && said out '
ID   TYPE       STATE    OWNER     RUNTIME ID
wéb  Container  Running  a\x1b[2J  r
' && nothing_owed && ran 0 --json hcs list && said out '{"id":"wéb","type":"Container","state":"Running","owner":"a\u001b[2J","runtime_id":"r"}
' && nothing_owed
}
check list list

properties() {
	HCS_STUB=
	ran 0 --json hcs properties wéb-漢 && said out '{"Id":"wéb-漢","State":"Running"}
' && nothing_owed
}
check properties properties

changes() {
	HCS_STUB='terminate result=0xC0370110 document={"ErrorMessage":"gone"}
shutdown delay=2000'
	ran 0 hcs start a && said out "ok
" && nothing_owed && ran 1 hcs terminate a && said err "overlayctl: terminate a: HCS_E_SYSTEM_ALREADY_STOPPED (0xC0370110): the compute system has ended already: gone
" && nothing_owed && ran 4 --timeout 0 hcs shutdown a
}
check changes changes

events() {
	HCS_STUB='event on=properties type=6
event on=properties type=2 delay=700 data={}
event on=properties type=1 delay=2000 data={"Status":0,"ExitType":"GracefulExit"}'
	ran 0 hcs events a && said out "T  a  guest_connection_closed
T  a  crash_initiated  {}
T  a  exited  failure: crashed, ended gracefully, status 0
" && nothing_owed && ran 0 --json hcs events a && said out '{"system":"a","at_unix_ms":0,"event":"guest_connection_closed"}
{"system":"a","at_unix_ms":0,"event":"crash_initiated","data":"{}"}
{"system":"a","at_unix_ms":0,"event":"exited","exit":{"success":false,"type":"graceful","status":0,"reason":"crashed, ended gracefully, status 0"},"data":"{\"Status\":0,\"ExitType\":\"GracefulExit\"}"}
' && nothing_owed
}
check events events

# All 10,001 are shown or counted, and the end is the last.
burst() {
	printf '%s\n' 'event on=properties type=7 threads=4 count=2500 data={}' 'event on=properties type=1 delay=3000' >"$tmp/script"
	HCS_STUB="@Z:$tmp/script"
	ran 0 --json hcs events a || return
	shown=$(grep -c '"event":"other"' "$tmp/out")
	lagged=$(sed -n 's/.*"lagged":\([0-9]*\).*/\1/p' "$tmp/out" | awk '{ n += $1 } END { print n + 0 }')
	[ $((shown + lagged)) -eq 10000 ] || { echo "$shown shown, $lagged missing"; return 1; }
	tail -n 1 "$tmp/out" | grep -q '"event":"exited","exit":{"success":false,"type":"unknown"' && nothing_owed
}
check burst burst

create() {
	HCS_STUB='event on=start type=1 delay=20 data={"Status":-2143878906,"ExitType":"UnexpectedExit"}'
	echo '{"Owner":"o"}' >"$tmp/dé.json"
	ran 0 hcs create a "Z:$tmp/dé.json" --start --watch && said out "T  a  exited  failure: ended unexpectedly, HCS_E_UNEXPECTED_EXIT (0x80370106): it ended unexpectedly
" && nothing_owed && HCS_STUB='create result=0x8037010D' && ran 1 hcs create a "Z:$tmp/dé.json" && nothing_owed
}
check create create

lacking() {
	cp "$W/tests/wine/stub/lacking.dll" "$dll"
	ran 3 hcs list && said err "overlayctl: hcs: computecore.dll has no HcsModifyComputeSystem (needs Windows with the Containers or the Hyper-V feature)
"
}
check lacking lacking
check_end
