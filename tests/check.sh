# For test scripts: `. tests/check.sh` from the project's top. Each check is a line; check_end adds them up, as tests/run reads it.
check_name=$(basename "$0" .sh)
check_said=$(mktemp)
trap 'rm -f "$check_said"' EXIT
trap 'exit 130' INT TERM
check_passed=0 check_failed=0 check_skipped=0

check() { # NAME COMMAND...: passes if the command does; what it said is shown if it doesn't
	check_what=$1
	shift
	if "$@" >"$check_said" 2>&1; then
		check_passed=$((check_passed + 1))
		echo "$check_name $check_what - ok"
	else
		check_failed=$((check_failed + 1))
		sed 's/^/  /' "$check_said"
		echo "$check_name $check_what - FAILED"
	fi
}

check_passes() { # TEST...: a test program, in which nothing is skipped: that has not seen what it is for
	said=$("$@" 2>&1)
	code=$?
	echo "$said"
	[ $code -eq 0 ] && ! echo "$said" | grep -q SKIPPED
}

check_skip() { # NAME REASON
	check_skipped=$((check_skipped + 1))
	echo "$check_name $1 - SKIPPED: $2"
}

check_end() { # the last command of a script
	echo "$check_name: $check_passed passed, $check_failed failed, $check_skipped skipped"
	[ "$check_failed" -eq 0 ] && [ $((check_passed + check_skipped)) -gt 0 ]
}

# Goes on in private namespaces as their first process, which takes everything with it; a plain user is root there. Not allowed here: ends the script as skipped.
check_in_namespaces() {
	[ -z "${CHECK_INSIDE:-}" ] || return 0
	check_user=
	[ "$(id -u)" -eq 0 ] || check_user=-Ur
	if ! unshare $check_user --mount --net --pid --fork --kill-child --mount-proc true 2>/dev/null; then
		check_skip all "no namespaces here"
		check_end
		exit
	fi
	rm -f "$check_said"
	CHECK_INSIDE=1 exec unshare $check_user --mount --net --pid --fork --kill-child --mount-proc "$0" "$@"
}

check_needs_tun() {
	[ ! -w /dev/net/tun ] || return 0
	check_skip all "this user may not open /dev/net/tun, which wireguard-go needs"
	check_end
	exit
}
