#!/bin/sh
# Containers as they come and go: those that die by themselves, every handle, what an attach may ask for; and all of it after kill -9.
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
start() {
	overlayd --data-dir /run/node 2>>$tmp/log &
	daemon=$!
	until ctl status >/dev/null 2>&1; do sleep 0.02; done
}
crash() { # and what the next daemon finds may have changed meanwhile
	kill -9 $daemon
	wait $daemon 2>/dev/null
	"$@"
	start
}
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
not() { ! "$@"; }
attach() { # HANDLE SERVICE FLAGS...: prints the address
	handle=$1 service=$2
	shift 2
	ctl attach-container --handle "$handle" --service "$service" --join-global false "$@" | sed -n 's/^ip  //p'
}
refused() { # CODE WORDS FLAGS...: an attach is refused with that code and words
	code=$1 words=$2
	shift 2
	ctl --json attach-container "$@" >$tmp/refused 2>&1
	grep -q "\"code\":\"$code\"" $tmp/refused && grep -q -- "$words" $tmp/refused || { cat $tmp/refused; return 1; }
}
listed() { ctl list-attachments | grep -q -- "$1"; }
soon() { # COMMAND...: it is so within 10 s
	for _ in $(seq 500); do
		"$@" >/dev/null 2>&1 && return 0
		sleep 0.02
	done
	"$@"
}
setup() { ctl setup-global-overlay --deployment d --instance-id 1 --cluster-cidr 10.200.0.0/16 --slice-cidr 10.200.4.0/22 --wg-port 51820; }
reaches() { inside "$1" ping -n -q -c 1 -W 3 "$2"; }

start
check "setup" setup
check "service" ctl setup-service-overlay --service web --mode auto

# ---- a container that dies ----
ns; a=$pid; ip_a=$(attach linux_pid:$a web)
ns; b=$pid; ip_b=$(attach linux_pid:$b web)
check "both are listed" sh -c "overlayctl --data-dir /run/node list-attachments | grep -q 'linux_pid:$a *web *$ip_a ' && overlayctl --data-dir /run/node list-attachments | grep -q 'linux_pid:$b *web *$ip_b '"
kill -9 $a
check "who died is detached, unasked" soon not listed "$ip_a"
check "the other stays" listed "$ip_b"
check "the log says so" soon grep -q "pid $a has ended: $ip_a is free again" $tmp/log
check "his address can be had" [ -n "$(ctl release-ip --ip "$ip_a")" ]
descriptors() { [ "$(ls /proc/$daemon/fd | wc -l)" = "$1" ]; }
before=$(ls /proc/$daemon/fd | wc -l)
ns; c=$pid; attach linux_pid:$c web >/dev/null
check "a descriptor for a process" descriptors $((before + 1))
check "detach" ctl detach-container --handle linux_pid:$c
check "none afterwards" descriptors "$before"
kill $c
crash kill -9 $b
check "who died while nobody served is detached" not listed "$ip_b"
ns; a=$pid; ip_a=$(attach linux_pid:$a web)
crash true
check "after a restart he is known" listed "$ip_a"
kill -9 $a
check "and heard when he dies" soon not listed "$ip_a"
for i in $(seq 30); do
	unshare --net sleep 1000 &
	echo $!
done >$tmp/many
sleep 0.5
while read -r pid; do attach linux_pid:$pid web; done <$tmp/many >$tmp/ips
check "many addresses" [ "$(grep -c 10.200 $tmp/ips)" = 30 ]
xargs kill -9 <$tmp/many
check "all of them come back" soon sh -c "[ \$(overlayctl --data-dir /run/node list-attachments | grep -c linux_pid) = 0 ]"
check "and their links go" soon sh -c "[ \$(ip -o link show type veth | wc -l) = 0 ]"

# ---- a namespace by its file ----
mkdir -p /run/netns
file() { # NAME: a namespace that no process is in
	touch "/run/netns/$1"
	unshare --net="/run/netns/$1" true
}
file one
ip_n=$(attach linux_netns:/run/netns/one web)
check "a file is attached" sh -c "nsenter --net=/run/netns/one ping -n -q -c 1 -W 3 10.200.4.1 && overlayctl --data-dir /run/node list-attachments | grep -q 'linux_netns:/run/netns/one *web *$ip_n '"
check "and again, with the same answer" [ "$(attach linux_netns:/run/netns/one web)" = "$ip_n" ]
check "what is no namespace is refused" refused invalid "not a network namespace" --handle linux_netns:/run/t/log --service web --join-global false
check "so is no path" refused invalid "not an absolute path" --handle linux_netns:run/netns/one --service web --join-global false
check "and what isn't there" refused not_found "No such file" --handle linux_netns:/run/netns/two --service web --join-global false
nsenter --net=/run/netns/one sleep 1000 &
inhabitant=$!
soon sh -c "[ \$(readlink /proc/$inhabitant/ns/net) != \$(readlink /proc/$$/ns/net) ]"
check "one namespace, two handles: both are named" refused exists "netns /run/netns/one" --handle linux_pid:$inhabitant --service web --join-global false
kill $inhabitant
crash true
check "after a restart it is known" [ "$(attach linux_netns:/run/netns/one web)" = "$ip_n" ]
check "detach by the path" ctl detach-container --handle linux_netns:/run/netns/one
file ended
ip_e=$(attach linux_netns:/run/netns/ended web)
check "attached" listed "$ip_e"
umount /run/netns/ended
rm /run/netns/ended
check "a namespace that ends is detached, unasked" soon not listed "$ip_e"
check "the log says so, too" soon grep -q "netns /run/netns/ended has ended: $ip_e is free again" $tmp/log
file ended
ip_e=$(attach linux_netns:/run/netns/ended web)
check "another one has its path" listed "$ip_e"
link=$(ctl list-attachments | sed -n 's/.*netns.ended .*\(zl-[0-9a-f]*-0\).*/\1/p')
ip link delete "$link"
sleep 0.2
check "a link alone that somebody deletes is no end" listed "$ip_e"
crash sh -c "umount /run/netns/ended; rm /run/netns/ended"
check "nor is it kept over a restart" not listed "$ip_e"
check "detach by a path that is not there" sh -c "overlayctl --data-dir /run/node detach-container --handle linux_netns:/run/netns/three"

# ---- by a descriptor ----
by_fd() { # FILE COMMAND...: with that file as descriptor 3
	fd_file=$1
	shift
	"$@" 3<"$fd_file"
}
ns; a=$pid; net_a=$(readlink /proc/$a/ns/net)
before=$(ls /proc/$daemon/fd | wc -l)
ip_a=$(by_fd /proc/$a/ns/net attach linux_fd:3 web)
check "a namespace by its descriptor" listed "linux_netns:net:.${net_a#net:?} *web *$ip_a "
check "is reached" ping -n -q -c 1 -W 3 "$ip_a"
check "asked again, the same" [ "$(by_fd /proc/$a/ns/net attach linux_fd:3 web)" = "$ip_a" ]
check "otherwise, a conflict" by_fd /proc/$a/ns/net refused exists "ephemeral false" --handle linux_fd:3 --service web --join-global false --ephemeral true
check "by its process, too: both are named" refused exists "of pid $a is attached by netns net:" --handle linux_pid:$a --service web --join-global false
check "what is no namespace is refused" by_fd /dev/null refused invalid "neither a network namespace nor a process" --handle linux_fd:3 --service web --join-global false
check "so is our own" by_fd /proc/self/ns/net refused invalid "the daemon's own" --handle linux_fd:3 --service web --join-global false
check "and nothing" sh -c "$(command -v overlayctl) --data-dir /run/node raw '{\"op\":\"attach_container\",\"handle\":{\"platform\":\"linux_fd\",\"fd\":0},\"service\":\"web\",\"join_global\":false}' | grep 'came with no such descriptor'"
check "no descriptor is left" soon descriptors "$before"
crash true
check "after a restart it is known" [ "$(by_fd /proc/$a/ns/net attach linux_fd:3 web)" = "$ip_a" ]
check "detach by a descriptor" by_fd /proc/$a/ns/net ctl detach-container --handle linux_fd:3
check "it is gone" not listed "$ip_a"
check "detach of what is not attached" by_fd /proc/$a/ns/net ctl detach-container --handle linux_fd:3
by_fd /proc/$a/ns/net attach linux_fd:3 web --interface net0 --mac 02:00:5e:10:00:07 >/dev/null
check "with wishes" listed "${net_a#net:?} .* net0 .* 02:00:5e:10:00:07"
check "detach by what the list says" ctl detach-container --handle "linux_netns:$net_a"
check "gone as well" not listed "${net_a#net:?}"
ip_a=$(attach linux_pid:$a web)
check "detach by a descriptor of what was attached by its process" by_fd /proc/$a/ns/net ctl detach-container --handle linux_fd:3
check "gone, too" not listed "$ip_a"
ip_a=$(by_fd /proc/$a/ns/net attach linux_fd:3 web)
kill -9 $a
check "a namespace that ends is detached, unasked" soon not listed "$ip_a"
ns; a=$pid; by_fd /proc/$a/ns/net attach linux_fd:3 web >$tmp/ip
crash kill -9 $a
check "also when nobody served" soon not listed "$(cat $tmp/ip)"

# ---- what an attach may ask for ----
ns; a=$pid
web_subnet=$(ip -o -4 address show dev "$(ctl setup-service-overlay --service web --mode auto | sed -n 's/^name *//p')" | sed 's/.*inet \([0-9.]*\)\.[0-9]*\/26.*/\1/')
web_first=$(ip -o -4 address show type bridge | sed -n 's/.*inet [0-9.]*\.\([0-9]*\)\/26.*/\1/p' | head -n 1)
wanted=$web_subnet.$((web_first + 40))
wishes="--ip $wanted --mac 02:00:5e:10:00:07 --interface net0 --request-id run-7"
check "an address, a mac, a name" [ "$(attach linux_pid:$a web $wishes)" = "$wanted" ]
check "they are so" sh -c "nsenter -t $a --net ip -o link show net0 | grep -q 02:00:5e:10:00:07 && nsenter -t $a --net ip -o address show net0 | grep -q '$wanted/26'"
check "the list says so" listed "$wanted .* net0 .* 02:00:5e:10:00:07"
check "the same request, the same answer" [ "$(attach linux_pid:$a web $wishes)" = "$wanted" ]
check "without wishes, the same answer" [ "$(attach linux_pid:$a web)" = "$wanted" ]
check "another request" refused exists "pid $a is attached by another request" --handle linux_pid:$a --service web --join-global false --request-id run-8
check "another address" refused exists "with address $wanted: detach it before it gets $web_subnet.$((web_first + 41))" --handle linux_pid:$a --service web --join-global false --ip $web_subnet.$((web_first + 41))
check "another mac" refused exists "with mac 02:00:5e:10:00:07: detach it before it gets 02:00:5e:10:00:08" --handle linux_pid:$a --service web --join-global false --mac 02:00:5e:10:00:08
check "another name" refused exists "interface net0.* eth0" --handle linux_pid:$a --service web --join-global false --interface eth0
check "another ephemeral" refused exists "ephemeral false" --handle linux_pid:$a --service web --join-global false --ephemeral true
crash true
check "after a restart it is the same" [ "$(attach linux_pid:$a web $wishes)" = "$wanted" ]
check "and another request is another still" refused exists "another request" --handle linux_pid:$a --service web --join-global false --request-id run-8
ns; b=$pid
check "an address that somebody has" refused exists "$wanted is in use" --handle linux_pid:$b --service web --join-global false --ip $wanted
check "one of nobody's" refused invalid "not in a subnet of service web" --handle linux_pid:$b --service web --join-global false --ip 192.0.2.1
check "a mac of a group" refused invalid "mac" --handle linux_pid:$b --service web --join-global false --mac 03:00:00:00:00:01
check "a name that none is" refused invalid "interface" --handle linux_pid:$b --service web --join-global false --interface eth%d
check "a name that the kernel keeps for itself" refused invalid "interface: .*default.* is no name" --handle linux_pid:$b --service web --join-global false --interface default
check "a name that another has" refused invalid "another interface's name" --handle linux_pid:$b --service web --join-global true --interface eth1
check "he has nothing" not listed "linux_pid:$b"
check "detach" ctl detach-container --handle linux_pid:$a

# ---- a process that shares the host's network ----
ip_h=$(attach host_shared:proc-7 web)
tunnel=zl-d-1-g
has() { ip -o address show dev $tunnel | grep -q " $1/32 "; }
check "the host has its address" has "$ip_h"
check "asked again, the same" [ "$(attach host_shared:proc-7 web)" = "$ip_h" ]
check "otherwise, a conflict" refused exists "host process proc-7 is attached with ephemeral false" --handle host_shared:proc-7 --service web --join-global false --ephemeral true
attach linux_pid:$b web >/dev/null
check "a container reaches it" reaches $b "$ip_h"
check "a setup leaves it" sh -c "$(command -v overlayctl) --data-dir /run/node setup-global-overlay --deployment d --instance-id 1 --cluster-cidr 10.200.0.0/16 --slice-cidr 10.200.4.0/22 --wg-port 51820"
check "it is there still" has "$ip_h"
crash true
check "a restart too" has "$ip_h"
check "and it is known" [ "$(attach host_shared:proc-7 web)" = "$ip_h" ]
kill $daemon; wait $daemon
start
check "a tunnel that is made again has it" has "$ip_h"
check "it has no interface to name" refused invalid "no interface of its own" --handle host_shared:p8 --service web --join-global false --interface net0
check "detach" ctl detach-container --handle host_shared:proc-7
check "the address goes" not has "$ip_h"
check "detach of the unknown" ctl detach-container --handle host_shared:proc-7

# ---- a guest that runs WireGuard itself ----
guest() { ctl --json attach-container --handle guest_managed:vm-7 --service web --join-global false "$@"; }
field() { sed -n "s/.*\"$1\":\"\{0,1\}\([^\",}]*\).*/\1/p"; }
guest --dns-server 10.200.4.1 >$tmp/guest
check "a guest is told who it is" grep -q '"result":"guest_config","overlay_ip":"10.200.*"prefix_len":26,.*"listen_port":51820,"peers":\[{"public_key":".*","endpoint":"10.200.4.1:51820","allowed_ips":"10.200.0.0/16","persistent_keepalive_secs":25}\],"dns_server":"10.200.4.1"' $tmp/guest
ip_g=$(field overlay_ip <$tmp/guest)
key_g=$(field private_key <$tmp/guest)
pub_g=$(sed 's/"peers".*//' $tmp/guest | field public_key)
node_key=$(ctl status | sed -n 's/^public_key *//p')
is_peer() { ctl status | grep -q "^$pub_g .* $ip_g/32 "; }
check "it is a peer" is_peer
guest --dns-server 10.200.4.1 >$tmp/again
check "asked again, the same" cmp $tmp/guest $tmp/again
check "otherwise, a conflict" refused exists "guest vm-7 is attached to service web" --handle guest_managed:vm-7 --service db --join-global false
check "its peer is its own" sh -c "! overlayctl --data-dir /run/node remove-peer --pubkey $pub_g"
check "there is nothing of it in a namespace of ours" not listed "guest_managed:vm-7.*zl-"
ns; g=$pid
ip link add up0 type veth peer name up0 netns $g
ip address add 198.51.100.2/24 dev up0
ip link set up0 up
inside $g sh -ec 'ip link set lo up; ip address add 198.51.100.1/24 dev up0; ip link set up0 up'
mkdir -p /run/guest
printf '%s\n' "$key_g" >/run/guest/node.key
chmod 600 /run/guest/node.key
inside $g overlayd --data-dir /run/guest 2>>$tmp/log &
gctl() { inside $g overlayctl --data-dir /run/guest "$@"; }
until gctl status >/dev/null 2>&1; do sleep 0.02; done
gctl setup-global-overlay --deployment g --instance-id 1 --cluster-cidr 172.31.0.0/16 --wg-port 51821 >/dev/null
inside $g ip address add "$ip_g/32" dev zl-g-1-g
gctl add-peer --public-key "$node_key" --endpoint 198.51.100.2:51820 --allowed-ips 10.200.0.0/16 --persistent-keepalive-secs 1 >/dev/null
check "the guest reaches the node" soon inside $g ping -n -q -c 1 -W 1 -I "$ip_g" 10.200.4.1
ip_b=$(attach linux_pid:$b web)
check "and a container of its service" inside $g ping -n -q -c 1 -W 3 -I "$ip_g" "$ip_b"
check "which reaches it, though it is on no bridge" reaches $b "$ip_g"
crash true
check "after a restart it is a peer" is_peer
guest --dns-server 10.200.4.1 >$tmp/again
check "with the same key" cmp $tmp/guest $tmp/again
check "and reached" reaches $b "$ip_g"
kill $daemon; wait $daemon
start
check "a tunnel that is made again knows it" is_peer
check "and the way to it" sh -c "ip route show $ip_g | grep -q 'dev $tunnel '"
check "detach" ctl detach-container --handle guest_managed:vm-7
check "the peer goes" not is_peer
check "its route goes" sh -c "[ -z \"\$(ip route show $ip_g)\" ]"
check "nobody answers for it" sh -c "! ip neigh show proxy | grep -q ."
guest >$tmp/again
check "a new attach, a new key" not grep -q "$key_g" $tmp/again
check "the keys are the owner's alone" sh -c "[ -z \"\$(find /run/node -name data.mdb ! -perm 600)\" ] && ! grep -q '$key_g' $tmp/log"
check "without a tunnel there is no guest" sh -c "overlayctl --data-dir /run/node teardown-global-overlay && ! overlayctl --data-dir /run/node attach-container --handle guest_managed:vm-8 --service web --join-global false"
check "detach without a tunnel" ctl detach-container --handle guest_managed:vm-7
setup >/dev/null

# ---- a service that is full ----
web=$(ctl setup-service-overlay --service web --mode auto | sed -n 's/^name *//p')
gateways() { ip -o -4 address show dev "$web" | sed 's/.*inet \([0-9.]*\)\/26.*/\1/'; }
check "one subnet" [ "$(gateways | wc -l)" = 1 ]
for i in $(seq 61); do ctl allocate-ip --service web --join-global false; done >$tmp/taken
check "another one on the same bridge, when it is full" [ "$(gateways | wc -l)" = 2 ]
first=$(gateways | head -n 1) second=$(gateways | tail -n 1)
ns; c=$pid; ip_c=$(attach linux_pid:$c web)
subnet() { echo "$1" | awk -F. '{ print $1 "." $2 "." $3 "." int($4 / 64) }'; }
check "who comes now is in it" [ "$(subnet "$ip_c")" = "$(subnet "$second")" ]
check "by its gateway" sh -c "nsenter -t $c --net ip route show default | grep -q 'via $second '"
check "the first is reached" reaches $c "$first"
check "and who is in it" reaches $c "$ip_b"
check "and reaches him" reaches $b "$ip_c"
check "the firewall lets both through" [ "$(nft list table inet overlayd | grep -c "$(echo "$second" | sed 's/\.[0-9]*$//')\.")" -ge 1 ]
ip monitor link address route | grep --line-buffered zl- >$tmp/monitor &
monitor=$!
sleep 0.2
crash true
check "after a restart both are there" [ "$(gateways | wc -l)" = 2 ]
check "and nothing of ours has moved" sh -c "[ ! -s $tmp/monitor ] || ! cat $tmp/monitor"
kill $monitor
check "he is known" [ "$(attach linux_pid:$c web)" = "$ip_c" ]
check "and reached" reaches $b "$ip_c"
ip link delete "$web"
crash true
check "a bridge that was taken away comes back with both" [ "$(gateways | wc -l)" = 2 ]
check "and who was on it" reaches $c "$ip_b"
ctl detach-container --handle linux_pid:$c >/dev/null
ctl detach-container --handle linux_pid:$b >/dev/null
sed -n 's/^ip *//p' $tmp/taken | while read -r ip; do ctl release-ip --ip "$ip"; done >/dev/null
ctl detach-container --handle guest_managed:vm-7 >/dev/null
check "the service goes" ctl teardown-service-overlay --service web
check "with both" soon sh -c "! ip link show $web && ! nft list table inet overlayd | grep -q '$(echo "$second" | sed 's/\.[0-9]*$//')\.'"

# ---- a service that goes with its last container ----
last() { ctl status | grep -q "^service_count *$1"; }
ctl setup-service-overlay --service job --mode auto >/dev/null
ns; a=$pid; attach linux_pid:$a job --ephemeral true >/dev/null
check "ephemeral" last 1
kill -9 $a
check "it goes with a container that died" soon last 0
check "its bridge too" soon sh -c "[ -z \"\$(ip -o link show type bridge)\" ]"
ctl setup-service-overlay --service job --mode auto >/dev/null
ns; a=$pid; attach linux_pid:$a job --ephemeral true >/dev/null
crash kill -9 $a
check "also with one that died while nobody served" last 0
check "and its bridge" soon sh -c "[ -z \"\$(ip -o link show type bridge)\" ]"
ctl setup-service-overlay --service job --mode auto >/dev/null
attach host_shared:job-1 job --ephemeral true >/dev/null
crash true
check "a process of the host keeps it" last 1
ctl detach-container --handle host_shared:job-1 >/dev/null
check "and takes it along" soon last 0

# ---- prune ----
job=$(ctl setup-service-overlay --service job --mode auto | sed -n 's/^name *//p')
ns; a=$pid; ip_a=$(attach linux_pid:$a job)
mark=$(ip -d link show "$job" | sed -n 's/.*alias \(overlayd [0-9a-f]*\).*/\1/p')
ip link add zl-old-b type bridge
ip link set zl-old-b alias "$mark service old"
ip link add zl-other-b type bridge
ip link set zl-other-b alias "overlayd 00000000 service other"
ip link add zl-used-b type bridge
ip link set zl-used-b alias "$mark service used"
ip link add in-use type veth peer name in-use-too
ip link set in-use master zl-used-b
ctl prune-orphan-bridges >$tmp/pruned
there() { ip link show "$1" >/dev/null 2>&1; }
check "an idle one of ours goes" soon sh -c "! ip link show zl-old-b && grep -q zl-old-b $tmp/pruned"
check "one in use stays" there zl-used-b
check "another instance's stays" there zl-other-b
check "a service's stays" there "$job"
crash true
check "a restart takes none of them" sh -c "ip link show zl-used-b && ip link show zl-other-b && ip link show $job"
check "prune again" ctl prune-orphan-bridges
check "still not" sh -c "ip link show zl-used-b && ip link show zl-other-b && ip link show $job"
check "and who is attached is reached" ping -n -q -c 1 -W 3 "$ip_a"

check "no record was ever without sense" sh -c "! grep -q 'is left out' $tmp/log"
[ "$check_failed" -eq 0 ] || cat $tmp/log
check_end
