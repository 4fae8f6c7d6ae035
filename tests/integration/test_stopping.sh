#!/bin/sh
# How a daemon ends: what goes, what stays, what is said of it.
set -u
. tests/check.sh
check_needs_tun
check_in_namespaces
B=$(cd "${B:-build}" && pwd)
ctl() { "$B/bin/overlayctl" --socket /run/d/run/zlayer-overlayd.sock "$@"; }

mount -t tmpfs none /run
mkdir /run/t
ip link set lo up
ip link add up0 type veth peer name up1
ip addr add 192.0.2.1/24 dev up0
ip link set up0 addrgenmode none up
ip link set up1 addrgenmode none up
ip route add default via 192.0.2.2
nft 'table ip filter { chain FORWARD { type filter hook forward priority 0; policy drop; }; }'

# ---- words ----

start() { # ARGUMENTS...: a daemon, its pid in $daemon
	"$B/bin/overlayd" --data-dir /run/d "$@" >/run/t/out 2>&1 &
	daemon=$!
	until ctl status >/dev/null 2>&1; do
		sleep 0.02
		kill -0 $daemon || exit 1
	done
}

ended() { # STATUS: of the daemon, when it has ended
	wait "$daemon"
	code=$?
	echo "ended with $code"
	[ "$code" -eq "$1" ]
}

make_network() {
	ctl setup-global-overlay --deployment d --instance-id 1 --cluster-cidr 10.200.0.0/16 --slice-cidr 10.200.4.0/24 --wg-port 0 &&
		ctl setup-service-overlay --service web --mode isolated && ctl setup-service-overlay --service idle --mode isolated
}

hold() { # a container, its pid in $guest
	unshare --net sleep 1000 &
	guest=$!
	while [ "$(readlink /proc/$guest/ns/net)" = "$(readlink /proc/self/ns/net)" ]; do sleep 0.01; done
	ip=$(ctl --json attach-container --handle linux_pid:$guest --service web --join-global | sed -n 's/.*"ip": *"\([0-9.]*\)".*/\1/p')
}

switches() { sysctl -a 2>/dev/null | grep -E '(forwarding|accept_ra|ip_forward) ='; }
# All that a daemon can change of a host, but for counters.
host() {
	ip -o link
	ip -o addr | sed 's/ *valid_lft.*//'
	ip route show table all
	ip -6 route show table all | grep -v '^fe80\|^multicast'
	nft -s list ruleset
	switches
	ls /run/wireguard
}
note() { host >"/run/t/$1" 2>/dev/null; }
same() { note now; diff "/run/t/$1" /run/t/now; }
soon_same() { # what the kernel does in the background has a moment
	for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
		if same "$1" >/run/t/differs; then return 0; fi
		sleep 0.1
	done
	cat /run/t/differs
	return 1
}
said() { tail -n 1 /run/d/logs/overlayd.log | grep -F "$1"; }
links() { ip -o link | sed -n 's/^[0-9]*: \(zl-[^:@]*\).*/\1/p'; }
answers() { ping -c 1 -W 5 "$ip"; }

start
kill $daemon
ended 0 >/dev/null
note before

# ---- taken back ----

start
check "a network" make_network
check "has changed the host's settings" sh -c '[ "$(cat /proc/sys/net/ipv4/conf/up0/forwarding)" = 1 ]'
check "and other people's chain" sh -c 'nft list chain ip filter FORWARD | grep overlayd'
kill $daemon
check "SIGTERM: ended with 0" ended 0
check "the host is as it was" soon_same before
check "the log tells it" said "stopped: tunnel, rules and changed settings are taken back"

start
kill -INT $daemon
check "SIGINT: ended with 0" ended 0
check "the host is as it was" soon_same before

start
kill -9 $daemon
wait $daemon 2>/dev/null
check "after a sudden end settings are changed" sh -c '[ "$(cat /proc/sys/net/ipv4/conf/up0/forwarding)" = 1 ]'
start
kill $daemon
check "the next one takes back what that had changed" ended 0
check "the host is as it was" soon_same before

start
sysctl -qw net.ipv4.conf.up0.forwarding=3
kill $daemon
check "what somebody else has changed since" ended 0
check "stays" sh -c '[ "$(cat /proc/sys/net/ipv4/conf/up0/forwarding)" = 3 ]'
sysctl -qw net.ipv4.conf.up0.forwarding=0

# ---- containers stay ----

start
check "a container" hold
check "answers" answers
kill $daemon
check "SIGTERM: ended with 0" ended 0
check "it keeps its bridge" answers
check "and nothing else is left" sh -c '[ "$(ip -o link | grep -c "zl-.*bridge\|master zl-")" -ge 1 ] && ! ip link show zl-d-1-g && ! nft list table inet overlayd'

# ---- left in place ----

start --on-term keep
check "what was taken back is there again" ip link show zl-d-1-g
note up
go=$(pgrep -x wireguard-go)
ip monitor link address route neigh >/run/t/events 2>/dev/null &
monitor=$!
nft monitor >/run/t/nft-events 2>/dev/null &
nft_monitor=$!
sleep 0.3
: >/run/t/events
kill $daemon
check "--on-term keep: ended with 3" ended 3
check "the log tells it" said "stopped: everything is left in place"
check "all is as it was" same up
check "the container answers" answers
check "the same wireguard-go lives" test "$(pgrep -x wireguard-go)" = "$go"
sleep 0.2
kill $monitor $nft_monitor
quiet() { ! grep -v 'REACHABLE\|STALE\|DELAY\|PROBE\|lladdr' /run/t/events && ! grep -v '^# new generation' /run/t/nft-events; }
check "nobody who watches hears of it" quiet

start
check "the next one goes on with it" test "$(pgrep -x wireguard-go)" = "$go"
kill -USR2 $daemon
check "SIGUSR2: ended with 3, whatever the option says" ended 3
check "all is as it was" soon_same up

twice() {
	for _ in 1 2 3 4 5; do
		start
		kill -USR2 $daemon
		kill $daemon 2>/dev/null # it may have ended
		ended 3 || return 1
	done
}
check "another signal behind it changes nothing" twice
check "all is as it was" soon_same up

start --on-term keep
check "shutdown takes down all the same" ctl shutdown
check "ended with 0" ended 0
check "no tunnel" sh -c '! ip link show zl-d-1-g'

# ---- uninstall ----

start
check "uninstall is refused while a container would lose its network" sh -c "! $B/bin/overlayctl --socket /run/d/run/zlayer-overlayd.sock uninstall"
check "and tells why" sh -c "$B/bin/overlayctl --socket /run/d/run/zlayer-overlayd.sock uninstall 2>&1 | grep '1 container would lose its network'"
check "nothing has changed" answers
check "uninstall --yes" ctl uninstall --yes
check "ended with 0" ended 0
check "no link is left" test -z "$(links)"
check "the host is as it was" soon_same before
check "the log tells it" said "stopped: everything is removed but the node's key"
files() { find /run/d -mindepth 1 | sort | tr '\n' ' '; }
check "what is left of files: $(files)" test "$(files)" = "/run/d/logs /run/d/logs/overlayd.log /run/d/node.key "

key=$(cat /run/d/node.key)
start
check "installed again: the same key" test "$(cat /run/d/node.key)" = "$key"
check "and nothing else is known" sh -c "! $B/bin/overlayctl --socket /run/d/run/zlayer-overlayd.sock status | grep zl-"
make_network >/dev/null
check "uninstall --purge" ctl uninstall --purge
check "ended with 0" ended 0
check "the host is as it was" soon_same before
check "no file is left" test ! -e /run/d

start
make_network >/dev/null
mkdir -p /run/d/store/strange/thing
not_all() { ! ctl uninstall >/run/t/answer 2>&1 && grep "not all could be removed: /run/d/store: " /run/t/answer; }
check "what can't be removed is named" not_all
check "ended with 4" ended 4
check "the log tells it" said "stopped: not all could be taken back"
check "all else is removed" soon_same before

# ---- a host name that nobody knows ----

rm -rf /run/d
ip route del default
start --on-term keep
make_network >/dev/null
ctl add-peer --public-key AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA= --endpoint no.such.host.invalid:9 --allowed-ips 10.200.9.0/24 --persistent-keepalive-secs 0 >/dev/null
told() { # that the first try has failed: the next one is in half a minute
	for _ in $(seq 100); do
		if grep "no.such.host.invalid.*next try" /run/d/logs/overlayd.log; then return 0; fi
		sleep 0.1
	done
	return 1
}
ends_with() { # STATUS: soon, or is killed
	{ sleep 10 && kill -9 $daemon; } 2>/dev/null &
	killer=$!
	ended "$1"
	soon=$?
	kill $killer
	return $soon
}
check "its look-up fails" told
kill $daemon
check "--on-term keep ends all the same" ends_with 3
"$B/bin/overlayd" --data-dir /run/d --socket /proc/no/x.sock >/run/t/out 2>&1 &
daemon=$!
check "so does a start that fails" ends_with 1
check "which says why" grep "^overlayd: socket /proc/no/x.sock: " /run/t/out
check_end
