#!/bin/sh
# A kernel that has WireGuard.
set -u
B=$(cd "${B:-build}" && pwd)
export B
. tests/check.sh

# In namespaces of its own: no wireguard-go but this daemon's is seen there.
tunnel_is_the_kernels() {
	timeout 300 unshare --mount --net --pid --fork --kill-child --mount-proc sh -ec '
		PATH=$B/bin:$PATH
		mount -t tmpfs tmpfs /run
		overlayd --data-dir /run/node &
		until overlayctl --data-dir /run/node status; do sleep 0.1; done
		overlayctl --data-dir /run/node setup-global-overlay --deployment d --instance-id 1 --cluster-cidr 10.200.0.0/16 --slice-cidr 10.200.4.0/24 --wg-port 0
		ps ax
		ip -o link show type wireguard | grep zl-d-1-g
		! pgrep wireguard-go
		overlayctl --data-dir /run/node uninstall
		wait
		! ip -o link | grep zl-'
}

check "the kernel makes its devices" unshare --net ip link add wg0 type wireguard
check "the demonstration" tests/demo/run
check "the daemon's tunnel is the kernel's own, and uninstall removes it" tunnel_is_the_kernels
check "restarts, in silence and without a packet lost" check_passes "$B/tests/crash/test_restart" through_the_tunnel
check "a prefix moves from peer to peer without a packet lost" check_passes "$B/tests/crash/test_prefixes"

check_end
