#!/bin/sh
# Real packets between containers, hosts and the world, in private namespaces.
set -u
. tests/check.sh
check_needs_tun
check_in_namespaces
B=$(cd "${B:-build}" && pwd)
PATH=$B/bin:$PATH:/usr/sbin:/sbin
mount -t tmpfs tmpfs /run
ip link set lo up
tmp=/run/t
mkdir $tmp

ctl() { overlayctl --data-dir /run/node "$@"; }
ns() { # sets pid to a process in a network namespace of its own
	unshare --net sleep 1000 &
	pid=$!
	while [ "$(readlink /proc/$$/ns/net)" = "$(readlink /proc/$pid/ns/net)" ]; do sleep 0.01; done
}
inside() { # PID COMMAND...
	target=$1
	shift
	nsenter --target "$target" --net -- "$@"
}
reaches() { inside "$1" ping -n -q -c 2 -i 0.1 -W 3 "$2"; }
not() { ! "$@"; }
attach() { # PID SERVICE FLAGS...: prints the address
	handle=$1 service=$2
	shift 2
	ctl attach-container --handle "linux_pid:$handle" --service "$service" "$@" | sed -n 's/^ip  //p'
}

# the world: a router's other side, with a route to nobody's overlay
ns; world=$pid
ip link add up0 type veth peer name up0 netns $world
ip address add 198.51.100.2/24 dev up0
ip -6 address add 2001:db8::2/64 dev up0 nodad
ip link set up0 up
inside $world sh -ec 'ip link set lo up; ip address add 198.51.100.1/24 dev up0; ip -6 address add 2001:db8::1/64 dev up0 nodad; ip link set up0 up'
ip route add default via 198.51.100.1
ip -6 route add default via 2001:db8::1

overlayd --data-dir /run/node 2>$tmp/log &
until ctl status >/dev/null 2>&1; do sleep 0.02; done
peer_key=2hV9fOBkc3Dd8dNn5JxkYz0mQm1f0cXq7pZ9r3tUvWY=

# ---- IPv4 ----
check "peer before setup" ctl add-peer --public-key $peer_key --endpoint 198.51.100.1:9 --allowed-ips "10.200.9.0/24, 172.30.0.0/16" --persistent-keepalive-secs 0
check "setup" ctl setup-global-overlay --deployment d --instance-id 1 --cluster-cidr 10.200.0.0/16 --slice-cidr 10.200.4.0/24 --wg-port 0
check "the peer is on the device" sh -c "overlayctl --data-dir /run/node status | grep -q '10.200.9.0/24,172.30.0.0/16\|172.30.0.0/16,10.200.9.0/24'"
check "a route to what is outside the cluster" sh -c "ip route show 172.30.0.0/16 | grep -q 'dev zl-d-1-g'"
check "own key is refused" not ctl add-peer --public-key "$(ctl status | sed -n 's/^public_key *//p')" --endpoint 198.51.100.1:9 --allowed-ips "" --persistent-keepalive-secs 0
check "a default route is refused" not ctl add-allowed-ip --pubkey $peer_key --cidr 0.0.0.0/0
check "remove the prefix" ctl remove-allowed-ip --pubkey $peer_key --cidr 172.30.0.0/16
check "its route is gone" sh -c '! ip route show 172.30.0.0/16 | grep -q .'
check "setup again" ctl setup-global-overlay --deployment d --instance-id 1 --cluster-cidr 10.200.0.0/16 --slice-cidr 10.200.4.0/24 --wg-port 0
check "service" ctl setup-service-overlay --service web --mode auto
check "other service" ctl setup-service-overlay --service db --mode isolated
check "shared services" ctl setup-service-overlay --service s1 --mode shared
ctl setup-service-overlay --service s2 --mode shared >$tmp/s2
check "one bridge for both" sh -c "[ \$(ip -o link show type bridge | wc -l) = 3 ]"
ns; a=$pid; ip_a=$(attach $a web)
ns; b=$pid; ip_b=$(attach $b web --join-global)
ns; c=$pid; ip_c=$(attach $c db)
check "same service" reaches $a "$ip_b"
check "other service of the host" reaches $a "$ip_c"
check "the node" reaches $a 10.200.4.1
check "the host reaches a container" ping -n -q -c 1 -W 3 "$ip_a"
check "eth1 is there" sh -c "nsenter -t $b --net ip -o address show eth1 | grep -q 10.200.4.2/32"
check "eth1 answers the host" ping -n -q -c 1 -W 3 10.200.4.2
check "eth1 answers a container" reaches $a 10.200.4.2
check "the world" reaches $a 198.51.100.1
check "N17: between two of ours the source stays" sh -c "
	nsenter -t $c --net demo-stream listen 9000 >/dev/null 2>$tmp/from & sleep 0.2
	echo x | nsenter -t $a --net demo-stream connect $ip_c 9000; wait \$!; grep -qx '$ip_a' $tmp/from"
check "masquerade: the world sees the host" sh -c "
	nsenter -t $world --net demo-stream listen 9000 >/dev/null 2>$tmp/from & sleep 0.2
	echo x | nsenter -t $a --net demo-stream connect 198.51.100.1 9000; wait \$!; grep -qx 198.51.100.2 $tmp/from"
iptables -P FORWARD DROP
sleep 0.5
check "N2: a policy of DROP that came later" reaches $a 198.51.100.1
check "iptables can still list its chain" sh -c "iptables -S FORWARD | grep -q zl-"
nft delete table inet overlayd
sleep 0.5
check "our table, deleted by somebody, comes back" reaches $a 198.51.100.1
check "forwarding is on only where it must be" sh -c "[ \$(cat /proc/sys/net/ipv4/ip_forward) = 0 ]"
check "MTU of bridge and veth" sh -c "nsenter -t $a --net ip -o link show eth0 | grep -q 'mtu 1420 ' && ip -o link show type bridge | grep -q 'mtu 1420 '"
check "conflicting attach" not ctl attach-container --handle "linux_pid:$a" --service db
check "the daemon's own namespace is refused" not ctl attach-container --handle "linux_pid:$$" --service web
check "teardown under containers is ok and leaves them" sh -c "overlayctl --data-dir /run/node teardown-service-overlay --service db && nsenter -t $c --net ping -n -q -c 1 -W 3 $ip_a"
check "detach" ctl detach-container --handle "linux_pid:$c"
check "the bridge goes with the last container" timeout 10 sh -c "until [ \$(ip -o link show type bridge | wc -l) = 2 ]; do sleep 0.02; done"
check "detach of the unknown" ctl detach-container --handle linux_pid:4194304
kill -9 $a
ns; a2=$pid
check "ephemeral attach" ctl attach-container --handle "linux_pid:$a2" --service s1 --ephemeral true
check "a foreign link is not taken over" sh -c "
	ip link add zl-d-1-x-b type bridge
	! overlayctl --data-dir /run/node setup-service-overlay --service x --mode auto && [ -d /proc/sys/net/ipv4/conf/zl-d-1-x-b ]"
check "a failed setup leaves nothing" sh -c "! nft list ruleset | grep -q 'no such' && overlayctl --data-dir /run/node status | grep -q '^service_count *3'"
check "prune takes no foreign bridge" sh -c "overlayctl --data-dir /run/node prune-orphan-bridges && [ -d /proc/sys/net/ipv4/conf/zl-d-1-x-b ]"
ip link delete zl-d-1-x-b
check "shutdown" ctl shutdown
check "attached bridges stay, the rest is gone" sh -c "ip -o link | grep -q 'zl-.*-b' && ! ip -o link | grep -q -- '-g:' && ! nft list ruleset | grep -q overlayd"
for link in $(ip -o link show type bridge | sed 's/^[0-9]*: \([^:@]*\).*/\1/'); do ip link delete "$link"; done

# ---- IPv6, on a node that remembers nothing ----
rm -r /run/node
overlayd --data-dir /run/node 2>>$tmp/log &
until ctl status >/dev/null 2>&1; do sleep 0.02; done
check "IPv6 setup" ctl setup-global-overlay --deployment d --instance-id 1 --cluster-cidr fd00:200::/48 --slice-cidr fd00:200:0:4::/64 --wg-port 0
check "IPv6 service" ctl setup-service-overlay --service web --mode auto
check "IPv6 other service" ctl setup-service-overlay --service db --mode auto
ns; a=$pid; ip_a=$(attach $a web)
ns; b=$pid; ip_b=$(attach $b db --join-global)
check "IPv6 between services" reaches $a "$ip_b"
check "IPv6 the node" reaches $a fd00:200:0:4::1
check "IPv6 eth1" reaches $a fd00:200:0:4::2
check "N8: IPv6 is forwarded to the world" reaches $a 2001:db8::1
check "IPv6 forwarding for all stays off" sh -c "[ \$(cat /proc/sys/net/ipv6/conf/all/forwarding) = 0 ] || [ ! -e /proc/sys/net/ipv6/conf/all/force_forwarding ]"
check "IPv6 detach" ctl detach-container --handle "linux_pid:$a"
check "IPv6 detach joined" ctl detach-container --handle "linux_pid:$b"
check "IPv6 teardown" ctl teardown-service-overlay --service web
check "IPv6 shutdown" ctl shutdown

[ "$check_failed" -eq 0 ] || cat $tmp/log
check_end
