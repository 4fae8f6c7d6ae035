#!/bin/sh
# Two nodes: each hears of the other when it comes into reach and when it goes, if it has said hello.
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
other() { nsenter --target $there --net --mount -- "$@"; }
until_there() { # PATTERN FILE: for as long as the other has not shut down it comes
	for _ in $(seq 600); do
		grep -q "$1" "$2" && return
		sleep 0.05
	done
	cat "$2"
	return 1
}
key_of() { "$@" status | sed -n 's/^public_key *//p'; }

# the other node: a network and a /run of its own
unshare --net --mount sh -c 'mount -t tmpfs tmpfs /run; touch /run/ready; exec sleep 1000' &
there=$!
until other test -e /run/ready 2>/dev/null; do sleep 0.01; done
ip link add up0 type veth peer name up0 netns $there
ip address add 192.0.2.1/24 dev up0
ip link set up0 up
other sh -ec 'ip link set lo up; ip address add 192.0.2.2/24 dev up0; ip link set up0 up'
overlayd --data-dir /run/node --log-level debug 2>$tmp/log &
other overlayd --data-dir /run/node --log-level error 2>$tmp/other.log &
until ctl status >/dev/null 2>&1; do sleep 0.02; done
until other overlayctl --data-dir /run/node status >/dev/null 2>&1; do sleep 0.02; done

setup() { # SLICE COMMAND...
	slice=$1
	shift
	"$@" --data-dir /run/node setup-global-overlay --deployment d --instance-id 1 --cluster-cidr 10.200.0.0/16 --slice-cidr "$slice" --wg-port 51820
}
check "setup" setup 10.200.4.0/24 overlayctl
check "setup there" setup 10.200.5.0/24 other overlayctl
here_key=$(key_of ctl)
there_key=$(key_of other overlayctl --data-dir /run/node)

overlayctl --data-dir /run/node events >$tmp/events 2>/dev/null &
listener=$!
ctl --json events >$tmp/json 2>/dev/null &
ctl --codec protobuf events >$tmp/protobuf 2>/dev/null &
if "$B/bin/codec-testee" --type event --codec protobuf </dev/null 2>/dev/null; then listeners=3; else listeners=2; fi
until [ "$(grep -c 'hello from overlayctl events' $tmp/log)" -eq $listeners ]; do sleep 0.02; done
check "peer there" other overlayctl --data-dir /run/node add-peer --public-key "$here_key" --endpoint 192.0.2.1:51820 --allowed-ips 10.200.4.0/24 --persistent-keepalive-secs 0
check "peer" ctl add-peer --public-key "$there_key" --endpoint 192.0.2.2:51820 --allowed-ips 10.200.5.0/24 --persistent-keepalive-secs 1
check "the peer comes into reach" until_there "^peer_health_changed  pubkey $there_key, healthy yes$" $tmp/events
check "told in JSON" until_there "^{\"event\":\"peer_health_changed\",\"pubkey\":\"$there_key\",\"healthy\":true}$" $tmp/json
if [ $listeners -eq 3 ]; then
	check "told in protobuf" until_there "^peer_health_changed  pubkey $there_key, healthy yes$" $tmp/protobuf
else
	check_skip "told in protobuf" "built without it"
fi
check "once" test "$(grep -c . $tmp/events)" -eq 1
kill $listener
wait $listener 2>/dev/null
check "the peer goes" ctl remove-peer --pubkey "$there_key"
check "out of reach" until_there "^{\"event\":\"peer_health_changed\",\"pubkey\":\"$there_key\",\"healthy\":false}$" $tmp/json
check "who has gone heard no more" test "$(grep -c . $tmp/events)" -eq 1
check "the end" ctl shutdown
check_end
