#!/bin/sh
# Two hosts whose service has a tunnel of its own on each: real packets, and that it lasts.
set -u
. tests/check.sh
check_needs_tun
check_in_namespaces
B=$(cd "${B:-build}" && pwd)
PATH=$B/bin:$PATH:/usr/sbin:/sbin
tmp=$(mktemp -d)
trap 'rm -rf "$tmp" "$check_said"' EXIT

# ---- words ----

on() { # HOST COMMAND...
	eval "host=\$pid_$1"
	shift
	nsenter --target "$host" --net --mount -- "$@"
}
begin() { # HOST COMMAND...: sets pid
	eval "host=\$pid_$1"
	shift
	nsenter --target "$host" --net --mount -- "$@" >/dev/null 2>&1 &
	pid=$!
}
host() { # NAME
	unshare --net --mount sh -c 'mount -t tmpfs tmpfs /run; ip link set lo up; touch /run/ready; exec sleep 1000' &
	eval "pid_$1=$!"
	until on "$1" test -e /run/ready 2>/dev/null; do sleep 0.01; done
}
ctl() { # HOST ARGUMENTS...
	on "$1" overlayctl --data-dir /run/node $(shift; echo "$@")
}
start() { # HOST: a daemon; daemon is its pid
	begin "$1" overlayd --data-dir /run/node
	daemon=$pid
	until ctl "$1" status >/dev/null 2>&1; do sleep 0.02; done
}
field() { # KEY: of an answer in JSON
	sed -n "s/.*\"$1\": *\"\{0,1\}\([^\",}]*\).*/\1/p" | head -n 1
}
dedicated() { ctl "$1" --json setup-service-overlay --service web --mode dedicated; }
contain() { # HOST [SERVICE OPTIONS...]: sets pid, ip
	begin "$1" unshare --net sleep 1000
	for other in $$ "$host"; do
		while [ "$(readlink /proc/$pid/ns/net)" = "$(readlink "/proc/$other/ns/net")" ]; do sleep 0.01; done
	done
	ip=$(ctl "$1" --json attach-container --handle "linux_pid:$pid" --service "${2:-web}" $(shift; shift 2>/dev/null; echo "$@") | field ip)
}
reaches() { nsenter --target "$1" --net -- ping -n -q -c 2 -i 0.1 -W 3 "$2"; }
soon() { # COMMAND...
	for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30; do
		if "$@" >/dev/null 2>&1; then return 0; fi
		sleep 0.1
	done
	"$@"
}
not() { ! "$@"; }
equal() { [ "$1" = "$2" ] || { echo "$1"; echo "is not $2"; return 1; }; }
# Prefixes of the tunnel and the bridge, and what stands twice among them or lies within another.
overlaps() { # HOST
	on "$1" ip -o -4 address show | python3 -c '
import ipaddress, sys
nets = [ipaddress.ip_interface(line.split()[3]).network for line in sys.stdin if line.split()[1] in sys.argv[1:]]
sys.exit(len(nets) != 2 or nets[0].overlaps(nets[1]))' "$tunnel" "$bridge"
}
tell_of() { # HOST KEY PORT SUBNET ADDRESS: the other's
	ctl "$1" add-peer --public-key "$2" --endpoint "$5:$3" --allowed-ips "$4" --persistent-keepalive-secs 0 --scope service:web
}

host a
host b
on a ip link add up0 type veth peer name up0 netns "$pid_b"
on a ip address add 192.0.2.1/24 dev up0
on b ip address add 192.0.2.2/24 dev up0
on a ip link set up0 addrgenmode none up
on b ip link set up0 addrgenmode none up
start a; daemon_a=$daemon
start b

# ---- what it has ----

check "without the node's ranges it is refused" not dedicated a
ctl a setup-global-overlay --deployment d --instance-id 1 --cluster-cidr 10.200.0.0/16 --slice-cidr 10.200.4.0/24 --wg-port 40000 >/dev/null
ctl b setup-global-overlay --deployment d --instance-id 1 --cluster-cidr 10.200.0.0/16 --slice-cidr 10.200.5.0/24 --wg-port 40000 >/dev/null
said_a=$(dedicated a)
said_b=$(dedicated b)
bridge=$(echo "$said_a" | field name)
key_a=$(echo "$said_a" | field wg_public_key) key_b=$(echo "$said_b" | field wg_public_key)
subnet_a=$(echo "$said_a" | field subnet) subnet_b=$(echo "$said_b" | field subnet)
ip_a=$(echo "$said_a" | field overlay_ip) ip_b=$(echo "$said_b" | field overlay_ip)
tunnel=$(ctl a --json status | tr '{' '\n' | grep '"service"' | field interface)
check "a port behind the node's" equal "$(echo "$said_a" | field wg_port)" 40001
check "a key of its own" not equal "$key_a" "$(ctl a status | sed -n 's/^public_key *//p')"
check "the answer names the bridge, and does so again" equal "$(dedicated a)" "$said_a"
check "tunnel and bridge share no address and no prefix" overlaps a
check "status has it" sh -c "echo '$(ctl a --json status | tr -d ' \n')' | grep -q '\"service\":\"web\",\"interface\":\"$tunnel\",\"public_key\":\"$key_a\",\"listen_port\":40001,\"overlay_ip\":\"$ip_a\",\"subnet\":\"$subnet_a\",\"peer_count\":0'"
check "another mode is refused" not ctl a setup-service-overlay --service web --mode auto
check "the node's tunnel can't take its port" not ctl a setup-global-overlay --deployment d --instance-id 1 --cluster-cidr 10.200.0.0/16 --slice-cidr 10.200.4.0/24 --wg-port 40001
ctl a setup-service-overlay --service plain --mode auto >/dev/null
check "a service without one has no such peers" not ctl a remove-peer --pubkey "$key_b" --scope service:plain

# ---- packets ----

check "a peer of the service" tell_of a "$key_b" 40001 "$subnet_b" 192.0.2.2
check "the other way" tell_of b "$key_a" 40001 "$subnet_a" 192.0.2.1
contain a; c_a=$pid
contain b; c_b=$pid cip_b=$ip
check "container to container, by the service's tunnel alone" reaches "$c_a" "$cip_b"
check "container to the other's tunnel" reaches "$c_a" "$ip_b"
check "the host to the other's container" on a ping -n -q -c 1 -W 3 "$cip_b"
check "the peers are the service's, not the node's" equal "$(ctl a status | sed -n 's/^peer_count *//p')" 0
check "a prefix less: nothing passes" sh -c "nsenter -t $pid_a --net --mount overlayctl --data-dir /run/node remove-allowed-ip --pubkey '$key_b' --cidr $subnet_b --scope service:web && ! nsenter -t $c_a --net ping -n -q -c 1 -W 1 $cip_b"
check "a prefix more" ctl a add-allowed-ip --pubkey "$key_b" --cidr "$subnet_b" --scope service:web
check "passes again" reaches "$c_a" "$cip_b"

# ---- it lasts ----

nsenter -t "$pid_a" --net ip monitor link address route >$tmp/events 2>/dev/null &
monitor=$!
nsenter -t "$c_a" --net ping -n -q -c 200 -i 0.01 -W 3 "$cip_b" >$tmp/stream 2>&1 &
stream=$!
sleep 0.3
kill -9 $daemon_a
wait $daemon_a 2>/dev/null
start a; daemon_a=$daemon
wait $stream
kill $monitor
check "a kill -9 and a start lose no packet" grep '200 packets transmitted, 200 received' $tmp/stream
check "and nobody hears of them" equal "$(grep -v ' lladdr \|^\[NEIGH' $tmp/events)" ""
check "it is who it was" equal "$(dedicated a)" "$said_a"
check "its peer is there still" equal "$(ctl a --json status | tr -d ' \n' | sed -n 's/.*"dedicated_services".*"peer_count":\([0-9]*\).*/\1/p')" 1
if go=$(for p in $(pgrep -f "wireguard-go -f $tunnel"); do [ "$(readlink "/proc/$p/ns/net")" != "$(readlink "/proc/$pid_a/ns/net")" ] || echo "$p"; done) && [ "$go" ]; then
	kill -9 "$go"
	check "a wireguard-go that dies is started again" soon reaches "$c_a" "$cip_b"
else
	check_skip "a wireguard-go that dies is started again" "the kernel has WireGuard of its own"
fi
kill $daemon_a
wait $daemon_a
check "SIGTERM takes it away" not on a ip link show "$tunnel"
start a; daemon_a=$daemon
check "the next start makes it again" soon reaches "$c_a" "$cip_b"
check "as it was" equal "$(dedicated a)" "$said_a"

# ---- ports that are taken ----

begin b python3 -c 'import socket, time
taken = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(8)]
for i, s in enumerate(taken):
    s.bind(("0.0.0.0", 40002 + i))
time.sleep(1000)'
taker=$pid
soon sh -c "nsenter -t $pid_b --net ss -Huln | grep -q :40009"
check "somebody else's ports are passed over, and cost no subnet" equal "$(ctl b --json setup-service-overlay --service db --mode dedicated | field wg_port)" 40010
kill "$taker"
ctl b teardown-service-overlay --service db >/dev/null

# ---- its end ----

check "torn down under a container it stays" sh -c "nsenter -t $pid_a --net --mount overlayctl --data-dir /run/node teardown-service-overlay --service web && nsenter -t $c_a --net ping -n -q -c 1 -W 3 $cip_b"
check "and goes with that" sh -c "nsenter -t $pid_a --net --mount overlayctl --data-dir /run/node detach-container --handle linux_pid:$c_a"
check "device and bridge are gone" soon sh -c "! nsenter -t $pid_a --net ip link show $tunnel && ! nsenter -t $pid_a --net ip link show $bridge"
check "it is made anew with another key" not equal "$(dedicated a | field wg_public_key)" "$key_a"
check "and without peers" equal "$(ctl a --json status | tr -d ' \n' | sed -n 's/.*"dedicated_services".*"peer_count":\([0-9]*\).*/\1/p')" 0

# ---- one that can't go ----

lost() { on a grep -c 'other side of its channel is gone' /run/node/logs/overlayd.log; }
n_lost=$(lost)
bridge_aa=$(ctl a --json setup-service-overlay --service aa --mode dedicated | field name)
bridge_bb=$(ctl a --json setup-service-overlay --service bb --mode dedicated | field name)
contain a aa --ephemeral; c_aa=$pid
contain a bb --ephemeral; c_bb=$pid
alias=$(on a ip -o link show "$bridge_aa" | sed 's/.* alias //')
on a ip link set "$bridge_aa" alias foreign
check "its container is detached all the same" ctl a detach-container --handle "linux_pid:$c_aa"
check "so is that of the next one" ctl a detach-container --handle "linux_pid:$c_bb"
check "which goes at once" soon not on a ip link show "$bridge_bb"
check "the first is there still" on a ip link show "$bridge_aa"
on a ip link set "$bridge_aa" alias "$alias"
check "and goes when it can" soon soon not on a ip link show "$bridge_aa"
check "nobody calls their tunnels lost" equal "$(lost)" "$n_lost"
check "uninstall leaves nothing" sh -c "nsenter -t $pid_a --net --mount overlayctl --data-dir /run/node uninstall --yes true && ! nsenter -t $pid_a --net ip -o link | grep zl-"

[ "$check_failed" -eq 0 ] || on a cat /run/node/logs/overlayd.log
check_end
