#!/bin/sh
# A kernel that has vsock between a machine and itself: guests' logs come that way.
set -u
B=$(cd "${B:-build}" && pwd)
export B
. tests/check.sh

if ! reason=$(modprobe vsock_loopback 2>&1); then
	check_skip all "no vsock loopback: $reason"
	check_end
	exit
fi

# A skipped test has not seen what it is for.
passes() {
	said=$("$@")
	code=$?
	echo "$said"
	[ $code -eq 0 ] && ! echo "$said" | grep -q SKIPPED
}

check "the transport over vsock" passes "$B/tests/server/guest/test_transport" all_of_it_over_vsock
check "a guest's log over vsock" passes "$B/tests/integration/test_log_forward" over_vsock

check_end
