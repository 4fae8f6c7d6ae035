#!/bin/sh
# What somebody else destroyed is made again by the setup that is repeated: with real packets.
set -u
. tests/check.sh
check_needs_tun
check_in_namespaces
B=$(cd "${B:-build}" && pwd)
ctl() { "$B/bin/overlayctl" --socket /run/d/run/zlayer-overlayd.sock "$@"; }
setup_global() { ctl setup-global-overlay --deployment d --instance-id 1 --cluster-cidr 10.200.0.0/16 --slice-cidr 10.200.4.0/24 --wg-port 0; }
setup_web() { ctl setup-service-overlay --service web --mode auto; }
attach() { ctl attach-container --handle linux_pid:"$1" --service web; }
ping_guest() { ping -c 1 -W 5 "$ip"; }
bridge() { ip -o link show type bridge | sed 's/^[0-9]*: //; s/:.*//' | grep zl-; }

mount -t tmpfs none /run
ip link set lo up
"$B/bin/overlayd" --data-dir /run/d --log-level warn &
until ctl status >/dev/null 2>&1; do sleep 0.05; done
unshare --net sleep 1000 &
guest=$!
until [ "$(readlink /proc/$guest/ns/net)" != "$(readlink /proc/self/ns/net)" ]; do sleep 0.02; done

check "setup" setup_global
check "service" setup_web
attach $guest >/run/attached 2>&1
ip=$(grep -o '10\.200\.4\.[0-9]*' /run/attached | head -n 1)
check "a container answers" ping_guest
web=$(bridge)

ip link del "$web"
check "the bridge is gone" sh -c "! ip link show $web"
check "the service is set up again" setup_web
check "the same bridge is there" test "$(bridge)" = "$web"
check "its container is on it and answers" ping_guest

ctl add-peer --public-key AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA= --endpoint 127.0.0.1:9 --allowed-ips 10.200.5.0/24 --persistent-keepalive-secs 25 >/dev/null
peer_is_there() { ctl status | grep AQAAAAAA | grep 10.200.5.0/24; }
process() { pgrep -x wireguard-go; }
dead=$(process)
comes_back() { # within ten seconds
	for _ in $(seq 500); do
		[ "$(process)" != "$dead" ] && ip -4 addr show zl-d-1-g | grep -q 10.200.4.1 && return
		sleep 0.02
	done
	return 1
}
if [ -n "$dead" ]; then
	kill -KILL "$dead"
	check "a tunnel whose process dies comes back by itself" comes_back
	check "with its peers" peer_is_there
else
	ip link del zl-d-1-g
fi
check "the tunnel is set up again" setup_global
check "the device is there" ip link show zl-d-1-g
check "with its peer" peer_is_there
check "and takes another one" ctl add-peer --public-key AgAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA= --endpoint 127.0.0.1:9 --allowed-ips 10.200.6.0/24 --persistent-keepalive-secs 0
check "the container answers still" ping_guest

gateway() { ip -4 -o addr show "$(bridge | grep -v "$web")" | sed 's/.*inet //; s/ .*//'; }
ctl setup-service-overlay --service db --mode auto >/dev/null
first=$(gateway)
ctl teardown-service-overlay --service db >/dev/null
ip addr add "${first%/*}/32" dev lo
check "a service where the host has an address" ctl setup-service-overlay --service db --mode auto
another_subnet() { echo "$first, then $(gateway)"; [ -n "$(gateway)" ] && [ "$(gateway)" != "$first" ]; }
check "is in another subnet" another_subnet

ctl detach-container --handle linux_pid:$guest >/dev/null
check "shutdown" ctl shutdown
check "nothing is left" sh -c "! ip -o link | grep zl-"
check_end
