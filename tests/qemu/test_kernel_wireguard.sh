#!/bin/sh
# A kernel that has WireGuard.
set -u
passed=0 failed=0
out=$(mktemp)
trap 'rm -f "$out"' EXIT

check() { # NAME COMMAND...
	name=$1
	shift
	if "$@" >"$out" 2>&1; then
		passed=$((passed + 1))
		echo "test_kernel_wireguard $name - ok"
	else
		failed=$((failed + 1))
		sed 's/^/  /' "$out"
		echo "test_kernel_wireguard $name - FAILED"
	fi
}

check "the kernel makes its devices" unshare --net ip link add wg0 type wireguard
check "the demonstration" tests/demo/run

echo "test_kernel_wireguard: $passed passed, $failed failed, 0 skipped"
[ "$failed" -eq 0 ]
