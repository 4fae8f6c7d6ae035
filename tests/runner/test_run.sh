#!/bin/sh
# What runs tests tells a test that there isn't from one that passed.
set -u
B=${B:-build}
. tests/check.sh
tmp=$(mktemp)
trap 'rm -f "$tmp" "$check_said"' EXIT

says() { # STATUS TEXT COMMAND...
	status=$1 text=$2
	shift 2
	said=$("$@" 2>&1)
	code=$?
	[ "$code" -eq "$status" ] && case $said in *"$text"*) true ;; *) false ;; esac || { echo "$code: $said"; return 1; }
}
check "one test" says 0 "test_number: 1 passed, 0 failed, 0 skipped" "$B/tests/runtime/test_number" u64_parse
check "a wrong name" says 1 "test_number: no such test: nope
test_number has: " "$B/tests/runtime/test_number" nope
check "a wrong file" says 1 "tests/nope - FAILED: no such test" tests/run "$B/tests/nope"
check "a wrong file among others" says 1 "1 failed, 0 skipped" tests/run "$B/tests/nope" "$B/tests/runtime/test_number"
hangs() {
	printf '#!/bin/sh\nsleep 1000\n' >"$tmp" && chmod +x "$tmp" && LIMIT=1 says 1 "$tmp - FAILED: ended with 124" tests/run "$tmp"
}
check "one that hangs" hangs
brief() { # each is named when it begins; what is ok is not told
	BRIEF=1 tests/run "$B/tests/runtime/test_number" "$B/tests/nope" | sed "s,$B/,,; s/^[1-9][0-9]* passed/N passed/" >"$tmp"
	diff - "$tmp" <<-'END'
		[1 of 2] tests/runtime/test_number
		[2 of 2] tests/nope
		./tests/nope - FAILED: no such test
		failed: ./tests/nope
		N passed, 1 failed, 0 skipped
	END
}
check "how far it is" brief
check_end
