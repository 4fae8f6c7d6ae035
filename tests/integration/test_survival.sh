#!/bin/sh
# What outlives what: a host with one of everything, after kill -9, after each loss of what is written down, and after a boot. overlayd(8) has the table.
set -u
. tests/check.sh
check_needs_tun
check_in_namespaces
. tests/integration/daemon.sh
mkdir /run/netns
ip link add up0 type veth peer name down0
echo 0 >/proc/sys/net/ipv4/conf/up0/forwarding
ip addr add 192.0.2.1/24 dev up0
ip link set up0 up; ip link set down0 up
ip route add default via 192.0.2.254
long=a-service-whose-name-is-as-long-as-any-may-be-63-bytes-of-it---
key=E4/lYYptdHfYB472s33Amoa7IDfTcdOZjR5odO75wH0=

# ---- words ----

damage() { # STORE...
	for store in "$@"; do
		n=$(stat -c %s "/run/d/$store/data.mdb")
		head -c "$n" /dev/zero | tr '\0' '\377' >"/run/d/$store/data.mdb"
	done
}
boot() { # all but what lies under the data directory is gone
	for link in $(links | grep -v -- '-b$'); do ip link delete "$link"; done
	for link in $(links); do ip link delete "$link"; done
	nft flush ruleset
	for pid in $a $b $d $e; do
		kill $pid
		wait $pid 2>/dev/null
	done
	exec 7<&-
	umount /run/netns/c
	rm -r /run/d/run
	echo 00000000-0000-4000-8000-000000000000 >/run/t/boot
	mount --bind /run/t/boot /proc/sys/kernel/random/boot_id
}

known() { ctl --json list-attachments | tr -d ' \n' | sed 's/},{"handle/}\n{"handle/g' | sed -n 's/.*\[{"handle/{"handle/; s/].*//; /^{"handle/p' | sort; }
status() { ctl --json status | tr -d ' \n' | sed 's/[{}]/\n/g' | grep -v '^,*$' | sort; }
links() { ip -o link | sed -n 's/^[0-9]*: \(zl-[^:@]*\).*/\1/p' | sort; }
said() { grep -F "$1" /run/d/logs/overlayd.log; }
same() { $1 | diff "/run/t/$1" -; } # WORD: it prints what it did before
note() { for word in "$@"; do $word >"/run/t/$word"; done; }
refused() { # CODE WORDS COMMAND...
	code=$1 words=$2
	shift 2
	"$@" >/run/t/refused 2>&1
	grep "\"code\":\"$code\"" /run/t/refused | grep -F -- "$words" || { cat /run/t/refused; return 1; }
}
namespace() { # sets pid to a process of a network namespace that is not its oldest
	rm -f /run/t/pid
	unshare --net sh -c 'sleep 1000 & echo $! >/run/t/pid; wait' &
	until [ -s /run/t/pid ]; do sleep 0.01; done
	pid=$(cat /run/t/pid)
}

# ---- one of everything ----

set_up() {
	ctl setup-global-overlay --deployment "a deployment" --instance-id one --cluster-cidr 10.200.0.0/16 --slice-cidr 10.200.4.0/22 --wg-port 51820
	ctl setup-service-overlay --service web --mode isolated
	ctl setup-service-overlay --service $long --mode auto
	ctl setup-service-overlay --service one --mode shared
	ctl setup-service-overlay --service own --mode dedicated
}
attach() { ctl --json attach-container "$@"; }
attach_ephemeral() { attach --handle linux_pid:$b --service gone --ephemeral true; }
attach_without() { # those who have no interface
	attach --handle guest_managed:vm --service web
	attach --handle host_shared:job --service web --request-id job-1
}
attach_with() {
	attach --handle linux_pid:$a --service web --join-global true --mac 02:00:5e:10:00:07 --interface net7 --request-id first
	attach_ephemeral
	attach --handle linux_netns:/run/netns/c --service one --ip "$static" --request-id "$(printf '%063d' 7)"
	attach --handle linux_fd:7 --service $long
	attach --handle linux_pid:$e --service own
}
answers() {
	attach_with
	attach_without
}
detach_all() {
	for handle in linux_pid:$a linux_pid:$b linux_netns:/run/netns/c linux_fd:7 linux_pid:$e guest_managed:vm host_shared:job; do
		ctl detach-container --handle $handle || return 1
	done
}
allocate() { ctl --json allocate-ip --service "$1" | sed -n 's/.*"ip": *"\([0-9.]*\)".*/\1/p'; }

make_host() {
	set_up >/dev/null
	note services
	ctl setup-service-overlay --service gone --mode auto >/dev/null
	ctl add-peer --public-key $key --endpoint 192.0.2.2:51820 --allowed-ips 10.200.9.0/24,203.0.113.0/24 --persistent-keepalive-secs 25 >/dev/null
	ctl add-peer --public-key $key --endpoint 192.0.2.2:51900 --allowed-ips 10.200.12.0/26 --persistent-keepalive-secs 0 --scope service:own >/dev/null
	namespace; a=$pid
	namespace; b=$pid
	namespace; d=$pid
	namespace; e=$pid
	exec 7<"/proc/$d/ns/net"
	touch /run/netns/c
	unshare --net=/run/netns/c true
	static=$(allocate one)
	ctl release-ip --ip "$static" >/dev/null
	answers >/run/t/answers
	lease=$(allocate web) nodes_lease=$(allocate node)
	until grep -qa '"service":"own","endpoint"' /run/d/store/data.mdb; do sleep 0.02; done # a peer is written down soon
	note known status links
	[ "$(known | wc -l)" = 7 ] && [ "$lease" ] && [ "$nodes_lease" ]
}
services() { links; } # all that is left without containers

namespaces_end() {
	for pid in $a $b $d $e; do kill $pid; done
	exec 7<&-
	umount /run/netns/c
	rm /run/netns/c
}

listen() { # what the kernel tells of links, addresses and routes of ours, to /run/t/events
	ip -o monitor link address route >/run/t/events &
	monitor=$!
	until grep -q ready /run/t/events 2>/dev/null; do
		ip link add ready type bridge
		ip link delete ready
	done
}
quiet() {
	kill $monitor
	wait $monitor 2>/dev/null
	! grep zl- /run/t/events
}

# ---- checks ----

leases_hold() {
	refused exists "$lease is in use" attach --handle guest_managed:other --service web --ip "$lease" &&
		refused exists "$nodes_lease is in use" attach --handle host_shared:other --service web --ip "$nodes_lease"
}

# All that was told is told again.
all_is_there() { # EVENT
	check "$1: all that are attached are known as before" same known
	check "$1: status is as before" same status
	check "$1: no link has come or gone" same links
	check "$1: who asks again is told the same" same answers
	check "$1: another request is not taken for it" refused exists "by another request" attach --handle linux_pid:$a --service web --join-global true --request-id second
	check "$1: nor are other wishes" refused exists "ephemeral true" attach --handle linux_pid:$b --service gone
	check "$1: what allocate_ip gave is lent" leases_hold
}

only_services() { # a link is deleted behind the answer
	for _ in $(seq 500); do
		same services >/dev/null && return 0
		sleep 0.02
	done
	same services
}
all_goes() { # EVENT
	check "$1: all are detached" detach_all
	check "$1: nobody is left" [ -z "$(known)" ]
	check "$1: nor a link, nor the service that was to go with its container" only_services
	namespaces_end
	for ip in $lease $nodes_lease; do ctl release-ip --ip "$ip" >/dev/null; done
}

event() { # NAME COMMAND...
	what=$1
	shift
	check "$what: one of everything" make_host
	end
	"$@"
	listen
	start
	check "$what: nothing that lives is touched" quiet
	all_is_there "$what"
	end
	start
	all_is_there "$what, and another start"
	all_goes "$what"
}

start
event "kill -9" true
event "the run directory's store" damage run/store
event "the data directory's store" damage store
event "both stores" damage store run/store
event "the copy" damage store.copy

# ---- what of services and the node ends with the data directory's store ----

namespace; a=$pid
ctl setup-service-overlay --service leaving --mode auto >/dev/null
attach --handle linux_pid:$a --service leaving >/dev/null
ctl teardown-service-overlay --service leaving >/dev/null
ctl setup-service-overlay --service idle --mode shared >/dev/null
ctl set-local-node-id --node-id 7 >/dev/null
goes() { refused not_found "goes with its last container" attach --handle guest_managed:other --service leaving; }
number() { grep -a "\"node_id\":$1," /run/d/store/data.mdb; }
end
start
check "kill -9: a service that was torn down goes with its container" goes
check "kill -9: one that nobody is on is known" ctl attach-container --handle guest_managed:other --service idle
ctl detach-container --handle guest_managed:other >/dev/null
end
damage store
start
check "the data directory's store: one that was torn down is there" ctl attach-container --handle guest_managed:other --service leaving
ctl detach-container --handle guest_managed:other >/dev/null
check "the data directory's store: one that shared a bridge, and nobody was on, isn't" refused not_found "idle is not set up" attach --handle guest_managed:other --service idle
check "the data directory's store: the node's number is 0" number 0
check "which is said" said "the node's number in the cluster isn't"
ctl detach-container --handle linux_pid:$a >/dev/null
ctl teardown-service-overlay --service leaving >/dev/null
kill $a

forwarding() { [ "$(cat /proc/sys/net/ipv4/conf/up0/forwarding)" = "$1" ]; }
check "a setting of the host is another" forwarding 1
ctl shutdown >/dev/null
wait $daemon
check "and put back at the end, whatever was lost meanwhile" forwarding 0
start

# ---- the copy, too ----

check "all three: one of everything" make_host
end
damage store store.copy run/store
start
grep -v 'guest_managed\|host_shared' /run/t/known >/run/t/with_interface
known_with() { known | diff /run/t/with_interface -; }
check "all three: those who have an interface are known as before, and nobody else" known_with
same_with() {
	attach_with >/run/t/told
	head -n "$(wc -l </run/t/told)" /run/t/answers | diff - /run/t/told
}
check "all three: who asks again is told the same" same_with
check "all three: what is lost is said" said "what allocate_ip gave is not known any more"
detach_all >/dev/null
namespaces_end
ctl teardown-global-overlay >/dev/null # where the addresses of those are kept that nobody knows

# ---- another boot ----

check "a boot: one of everything" make_host
ctl detach-container --handle guest_managed:vm >/dev/null # which is a peer as long as it is there
note status
end
boot
start
check "a boot: nobody is attached" [ -z "$(known)" ]
check "a boot: status is as before" same status
check "a boot: what allocate_ip gave is free" ctl attach-container --handle guest_managed:other --service web --ip "$lease"
check_end
