#!/bin/sh
# overlay-conform: finds what is wrong, and nothing where nothing is.
set -u
. tests/check.sh
check_in_namespaces
B=$(cd "${B:-build}" && pwd)
mount -t tmpfs none /run
chmod 755 /run
ip link set lo up
tmp=/run/t
mkdir $tmp
conform() { timeout 120 "$B/bin/overlay-conform" "$@"; }
exits() { # STATUS COMMAND...: what it said is in $tmp/said
	want=$1
	shift
	"$@" >$tmp/said 2>&1
	got=$?
	[ $got -eq "$want" ] || { cat $tmp/said; echo "exit status $got, not $want"; return 1; }
}
says() { # STATUS TEXT COMMAND...
	says_text=$2
	exits "$1" $(shift 2; printf '%s ' "$@") || return 1
	grep -qF -- "$says_text" $tmp/said || { cat $tmp/said; echo "it does not say: $says_text"; return 1; }
}
verdicts() { # WORD: the ids that have it in the text report
	sed -n "s/^\([a-z0-9._A-Z-]*\) - $1.*/\1/p" $tmp/said
}
only_failed() { # PATTERN: all failed ids match, and there are some
	failed=$(verdicts FAILED)
	[ -n "$failed" ] || { echo "nothing failed"; return 1; }
	! echo "$failed" | grep -v "$1"
}

# ---- testees ----
cat >$tmp/misspells <<END
#!/bin/sh
"$B/bin/codec-testee" "\$@" | LC_ALL=C sed 's/"live_bridge_names"/"live_bridge_namez"/'
END
cat >$tmp/lax <<END
#!/bin/sh
LC_ALL=C sed 's/\\\\u0000/\\\\u0001/g' | "$B/bin/codec-testee" "\$@"
END
cat >$tmp/short <<END
#!/bin/sh
head -c 30000 | "$B/bin/codec-testee" "\$@" 2>/dev/null
exit 3
END
printf '#!/bin/sh\nexec cat\n' >$tmp/echo
printf '#!/bin/sh\nexec sleep 60\n' >$tmp/silent
chmod +x $tmp/misspells $tmp/lax $tmp/short $tmp/echo $tmp/silent

check "our codec passes all" exits 0 conform codec -- "$B/bin/codec-testee"
check "none is skipped" grep -q ' 0 skipped$' $tmp/said
check "another seed, more mutants" exits 0 conform codec --only 'mutant.*' --seed 7 --mutants 50 -- "$B/bin/codec-testee"
exits 1 conform codec -- $tmp/misspells
check "a key that is misspelled is found where it is" only_failed 'prune_orphan_bridges\|frame.request\|verdict.accept\|mutant\|testee'
check "and in its vectors" grep -q '^vectors.0.14.request.prune_orphan_bridges - FAILED' $tmp/said
exits 1 conform codec -- $tmp/lax
check "NULs that are let through are found" only_failed '\.strict\.nul\|^mutant\.\|nul_escape\|truth'
check "by their verdicts" grep -q '^verdict.strict.nul - FAILED' $tmp/said
exits 1 conform codec --only 'vectors.0.14.event.*' --only 'testee.*' -- $tmp/echo
check "answers that are none" grep -q 'an answer that begins with the byte' $tmp/said
exits 1 conform codec --only 'verdict.refuse.truth.*' --only testee.end -- $tmp/short
check "a testee that ends too early" grep -q 'ended with status 3' $tmp/said
check "a testee that says nothing" says 1 "nothing for 1000 ms" conform codec --timeout 1 --only testee.largest-body -- $tmp/silent

# ---- in protobuf ----
cat >$tmp/misspells.pb <<END
#!/bin/sh
"$B/bin/codec-testee" "\$@" | LC_ALL=C sed 's/10.200.4.9/10.200.4.8/'
END
cat >$tmp/json <<END
#!/bin/sh
"$B/bin/codec-testee" "\$@" --to json
END
cat >$tmp/lax.pb <<END
#!/bin/sh
LC_ALL=C sed 's/\\xc0\\xaf/ab/g' | "$B/bin/codec-testee" "\$@"
END
chmod +x $tmp/misspells.pb $tmp/json $tmp/lax.pb
protobuf=
conform codec --codec protobuf --only testee.end -- "$B/bin/codec-testee" >$tmp/said 2>&1 && protobuf=y
if [ ! $protobuf ]; then
	check "that there is no protobuf" grep -q 'built without protobuf' $tmp/said
else
	check "our codec passes all in protobuf" exits 0 conform codec --codec protobuf -- "$B/bin/codec-testee"
	check "none is skipped in protobuf" grep -q ' 0 skipped$' $tmp/said
	exits 1 conform codec --codec protobuf --only 'vectors.0.14.request.*' -- $tmp/misspells.pb
	check "a text that is written wrong is found where it is" only_failed 'request.register_dns$'
	exits 1 conform codec --codec protobuf --only 'protobuf.*' -- $tmp/lax.pb
	check "UTF-8 that is none and let through is found" only_failed '^protobuf.utf8$\|^protobuf.unknown-bytes$'
	exits 1 conform codec --codec protobuf --only 'mutant.*' -- $tmp/json
	check "a testee that writes another form" test "$(verdicts FAILED | wc -l)" -eq 8
	check "what it wrote is shown" grep -q 'written as 7b22' $tmp/said
fi
check "a codec that is none" says 2 "json or protobuf, not xml" conform codec --codec xml -- true
check "no testee" says 3 "No such file" conform codec -- /nowhere/testee
check "no vectors" says 2 "No such file" conform codec --vectors /nowhere -- "$B/bin/codec-testee"

# ---- known failures ----
exits 1 conform codec --only 'verdict.strict.*' -- $tmp/lax
verdicts FAILED | sed 's/$/  let through/' >$tmp/known
check "known failures are fine" exits 0 conform codec --only 'verdict.strict.*' --known $tmp/known -- $tmp/lax
check "and told" grep -q '^verdict.strict.nul - known: let through' $tmp/said
check "an unexpected pass is not" exits 1 conform codec --only 'verdict.strict.*' --known $tmp/known -- "$B/bin/codec-testee"
check "and told" grep -q '^verdict.strict.nul - PASSED UNEXPECTEDLY' $tmp/said
echo 'verdict.strict.nil  a reason' >$tmp/wrong
check "a list with an id that is none" says 2 "no check is called verdict.strict.nil" conform codec --known $tmp/wrong -- "$B/bin/codec-testee"
echo 'verdict.strict.nul' >$tmp/wrong
check "a list without a reason" says 2 "the reason is missing" conform codec --known $tmp/wrong -- "$B/bin/codec-testee"
knows() { # LIST COMMAND: the list names only checks that there are
	for id in $(grep -v '^#' "tests/conformance/known/$1" | cut -d' ' -f1); do
		[ -n "$(conform list "$2" --only "$id")" ] || { echo "$id"; return 1; }
	done
}
check "the reference's lists name checks" knows zlayer-types.txt codec
check "of daemons too" knows zlayer-overlayd.txt server

# ---- reports ----
conform codec --only 'verdict.strict.*' --report json --output $tmp/r.json -- $tmp/lax
conform codec --only 'verdict.strict.*' --report junit --output $tmp/r.xml --known $tmp/known -- $tmp/lax
if command -v python3 >/dev/null; then
	check "the JSON report is well-formed" python3 -c "
import json; r = json.load(open('$tmp/r.json'))
assert r['suite'] == 'codec' and len(r['checks']) == 6 == sum(r['summary'].values())
assert [c['id'] for c in r['checks'] if c['verdict'] == 'failed'] == ['verdict.strict.nul'], r"
	check "the JUnit report is well-formed" python3 -c "
import xml.etree.ElementTree as t; s = t.parse('$tmp/r.xml').getroot()[0]
assert s.get('tests') == '6' == str(len(s)) and s.get('failures') == '0' and s.get('skipped') == '1', s.attrib"
else
	check_skip "reports are well-formed" "no python3 here"
fi
check "the JSON report is the contract's JSON" sh -c "grep -q '^{\"suite\":\"codec\",\"summary\":{\"passed\":5,\"failed\":1,' $tmp/r.json"

# ---- the command line ----
check "help" says 0 "usage: overlay-conform codec" conform --help
check "help in short" says 0 "usage: overlay-conform codec" conform -h
check "no command" exits 2 conform
check "an unknown one" exits 2 conform sing
check "no socket" exits 2 conform server
check "an unknown option" says 2 "overlay-conform: not understood: --nope" conform codec --nope -- true
check "a missing value" says 2 "overlay-conform: a value is missing behind --socket" conform server --socket
check "no such check" says 2 "no check is called so" conform codec --only 'nope.*' -- true
check "no daemon" exits 3 conform server --timeout 1 --socket $tmp/nobody
listed() { # every check has an id, a sentence and a section
	exits 0 conform list || return 1
	[ "$(grep -c '^	.*\. (.*)$' $tmp/said)" -eq "$(grep -c '^[a-z]* [a-z]' $tmp/said)" ] && grep -q '^server framing.length-zero$' $tmp/said && grep -q '^codec testee.end$' $tmp/said
}
check "list" listed

# ---- daemons ----
start() { # DIR COMMAND...: a daemon; its socket is in $socket
	socket=$1/run/zlayer-overlayd.sock
	dir=$1
	shift
	"$@" "$B/bin/overlayd" --data-dir "$dir" --log-level error >"$tmp/log" 2>&1 &
	daemon=$!
	until [ -S "$socket" ]; do kill -0 $daemon 2>/dev/null || return 1; sleep 0.02; done
}
mkdir /run/plain
chown 65534:65534 /run/plain 2>/dev/null
if start /run/plain setpriv --reuid 65534 --regid 65534 --clear-groups --inh-caps=-all --bounding-set=-all --no-new-privs; then
	check "a daemon without rights passes" exits 0 conform server --socket $socket --shutdown
	check "its err to what needs them is one" grep -q '^op.setup_global_overlay.shape - ok' $tmp/said
	check "what needs them is skipped" grep -q '^op.setup_global_overlay.twice - SKIPPED: the daemon answers err' $tmp/said
else
	check_skip "a daemon without rights" "no other user here"
fi
if [ ! -w /dev/net/tun ]; then
	check_skip "a daemon" "this user may not open /dev/net/tun, which wireguard-go needs"
	check_end
	exit
fi

start /run/d env
for how in event close id; do
	"$B/bin/spoiled-daemon" $how $tmp/$how $socket &
	until [ -S $tmp/$how ]; do sleep 0.02; done
done
check "our daemon passes" exits 0 conform server --socket $socket
if [ $protobuf ]; then
	check "in protobuf too" exits 0 conform server --codec protobuf --socket $socket
	check "each form on one connection" grep -q '^protobuf.mixed - ok' $tmp/said
	exits 1 conform server --codec protobuf --only framing.one --only order.ids --socket $tmp/event
	check "an event in another form than the last request's" grep -q 'this is not in protobuf, as the request was' $tmp/said
	exits 0 conform server --socket $socket
fi
check "what is built is not skipped" sh -c "! grep SKIPPED $tmp/said | grep -v 'not built yet\|not asked for\|no event came'"
"$B/bin/overlayctl" --socket $socket setup-service-overlay --service web --mode auto >/dev/null
check "a daemon that is in use is left alone" says 2 "the daemon's overlay is up" conform server --socket $socket
check "unless it may be disturbed" exits 0 conform server --in-use --only 'framing.*' --socket $socket
exits 1 conform server --in-use --only 'order.*' --socket $tmp/event
check "events between answers are fine, but for who has not asked for any" only_failed '^order.events-unasked$'
check "are seen" grep -q '^order.events - ok' $tmp/said
exits 1 conform server --in-use --only 'framing.*' --only 'order.*' --only 'read.*' --socket $tmp/close
check "a daemon that closes instead of answering err" only_failed 'zero\|oversized\|broken\|pipelined\|^read\.'
check "what it does right passes" grep -q '^framing.halves - ok' $tmp/said
known_to_close() { # the reference's list has them all
	for id in $(verdicts FAILED); do grep -q "^$id " tests/conformance/known/zlayer-overlayd.txt || { echo "$id"; return 1; }; done
}
check "as the reference's does" known_to_close
exits 1 conform server --in-use --timeout 1 --only framing.one --only order.ids --only framing.length-zero --socket $tmp/id
check "answers with another id" test "$(verdicts FAILED | wc -l)" -eq 3
check "a daemon that ends when it is asked to" exits 0 conform server --in-use --shutdown --only 'op.shutdown.ends' --socket $socket
check "has ended" wait $daemon
check_end
