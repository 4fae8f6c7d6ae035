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
check "the log says so" grep -q "pid $a has ended: $ip_a is free again" $tmp/log
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

[ "$check_failed" -eq 0 ] || cat $tmp/log
check_end
