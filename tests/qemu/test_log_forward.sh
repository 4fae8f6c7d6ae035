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

check "the transport over vsock" check_passes "$B/tests/server/guest/test_transport" all_of_it_over_vsock
check "a guest's log over vsock" check_passes "$B/tests/integration/test_log_forward" over_vsock

check_end
