#!/bin/sh
# Stores that are damaged: what they said is read back from the kernel, and nobody who lives is touched.
set -u
. tests/check.sh
check_needs_tun
check_in_namespaces
. tests/integration/daemon.sh
mkdir /run/netns

# ---- words ----

damage() { # STORE
	n=$(stat -c %s "$1/data.mdb")
	head -c "$n" /dev/zero | tr '\0' '\377' >"$1/data.mdb"
}

container() { # its pid in $guest
	unshare --net sleep 1000 &
	guest=$!
	while [ "$(readlink /proc/$guest/ns/net)" = "$(readlink /proc/self/ns/net)" ]; do sleep 0.01; done
}

attach() { ctl --json attach-container "$@" | sed -n 's/.*"ip": *"\([0-9.]*\)".*/\1/p'; }
address() { ip netns exec "$1" ip -o -4 addr show eth0 2>/dev/null | sed 's|.*inet \([0-9.]*\)/.*|\1|'; }
known() { ctl --json list-attachments | tr -d ' \n' | sed 's/},{"handle/}\n{"handle/g' | sed 's/.*\[{"handle/{"handle/; s/].*//' | sort; }
links() { ip -o link | sed -n 's/^[0-9]*: \(zl-[^:@]*\).*/\1/p' | sort; }
mark_as_before() { # LINK: its alias is as earlier versions had it, without what is told of it, and cut
	ip link set "$1" alias "$(ip -o link show "$1" | sed 's/.*alias //; s/\t.*//' | cut -b -63)"
}
said() { grep -F "$1" /run/d/logs/overlayd.log; }

start
ctl setup-global-overlay --deployment d --instance-id 1 --cluster-cidr 10.200.0.0/16 --slice-cidr 10.200.4.0/22 --wg-port 0 >/dev/null
long=a-service-with-a-name-that-no-alias-has-room-for-at-all-1
other=a-service-with-a-name-that-no-alias-has-room-for-at-all-2
for service in web $long; do ctl setup-service-overlay --service $service --mode isolated >/dev/null; done
for service in one two $other; do ctl setup-service-overlay --service $service --mode shared >/dev/null; done

# ---- the run directory's ----

container; joined=$guest
container; plain=$guest
container; named=$guest
container; far=$guest
ip netns add file
ip netns add kept
attach --handle linux_pid:$joined --service web --join-global >/dev/null
attach --handle linux_pid:$plain --service $long --interface net7 >/dev/null
attach --handle linux_pid:$named --service two >/dev/null
attach --handle linux_pid:$far --service $other >/dev/null
attach --handle linux_netns:/run/netns/file --service one >/dev/null
known >/run/t/known
links >/run/t/links
check "five containers" test "$(wc -l </run/t/known)" = 5

# of a subnet that a service has left just before the end
nft add element inet overlayd prefixes4 '{ 10.200.99.0/26 }'
end
damage /run/d/run/store
start
same_known() { known | diff /run/t/known -; }
same_links() { links | diff /run/t/links -; }
check "a damaged store is moved aside" test -d /run/d/run/store.damaged
check "all containers are known again" same_known
check "the log tells it" said "5 containers are read back from the kernel"
check "and nothing was lent that isn't known" sh -c '! grep "what allocate_ip gave" /run/d/logs/overlayd.log'
check "no link has gone" same_links
check "no prefix is ours that was" sh -c '! nft list set inet overlayd prefixes4 | grep 10.200.99.0'
container
check "nobody's address is given again" sh -c "! grep '\"$(attach --handle linux_pid:$guest --service web)\"' /run/t/known"
check "that one goes" ctl detach-container --handle linux_pid:$guest
check "the same request gets the same answer" grep "\"$(attach --handle linux_pid:$joined --service web --join-global)\"" /run/t/known
end
start
check "the next start knows them too" same_known
check "and reads nothing back" sh -c '[ "$(grep -c "are read back" /run/d/logs/overlayd.log)" = 1 ]'
check "no link has gone" same_links
kill $joined
gone() { for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do [ "$(known | wc -l)" -eq 4 ] && return 0; sleep 0.1; done; return 1; }
check "one that dies is noticed" gone
check "one is detached by its file" ctl detach-container --handle linux_netns:/run/netns/file
check "and one by its process" ctl detach-container --handle linux_pid:$plain
check "two are left" test "$(known | wc -l)" = 2

# ---- whose owner nobody finds ----

attach --handle linux_netns:/run/netns/kept --service web >/dev/null
kept=$(address kept)
exec 7</run/netns/kept
end
mark_as_before "$(ip -o link | sed -n 's|^[0-9]*: \(zl-[^@]*\)@.*at:/run/netns/kept.*|\1|p')"
umount -l /run/netns/kept
rm /run/netns/kept
damage /run/d/run/store
start
check "a container that nobody finds keeps its address" said "1 addresses are kept from everybody"
ask_all() { # as often as a subnet has addresses
	for _ in $(seq 62); do ctl --json allocate-ip --service web; done >/run/t/asked
	[ "$(grep -c '"ip"' /run/t/asked)" = 62 ] && ! grep "\"$kept\"" /run/t/asked
}
check "which is given to nobody" ask_all
for ip in $(sed -n 's/.*"ip": *"\([0-9.]*\)".*/\1/p' /run/t/asked); do ctl release-ip --ip "$ip" >/dev/null; done
known >/run/t/known
links >/run/t/links
end
start
check "nor is it by the next one" ask_all
check "which leaves it connected" same_links
check "and knows the others" same_known
links=$(links | wc -l)
exec 7<&-
until [ "$(links | wc -l)" -lt "$links" ]; do sleep 0.02; done # the kernel takes a namespace away that nobody has any more

# ---- the data directory's ----

key=E4/lYYptdHfYB472s33Amoa7IDfTcdOZjR5odO75wH0=
ctl add-peer --public-key $key --endpoint 192.0.2.2:51820 --allowed-ips 10.200.9.0/24,203.0.113.0/24 --persistent-keepalive-secs 25 >/dev/null
container; joined=$guest
container; plain=$guest
attach --handle linux_pid:$joined --service web --join-global --ephemeral >/dev/null
attach --handle linux_pid:$plain --service $long >/dev/null
attach --handle linux_pid:$named --service two >/dev/null
attach --handle guest_managed:vm --service web >/dev/null
set_up() { # again, as those do who use the daemon
	ctl setup-global-overlay --deployment d --instance-id 1 --cluster-cidr 10.200.0.0/16 --slice-cidr 10.200.4.0/22 --wg-port 0
	for service in web $long; do ctl setup-service-overlay --service $service --mode isolated; done
	for service in one two $other; do ctl setup-service-overlay --service $service --mode shared; done
} >/dev/null
status() { ctl --json status | tr -d ' \n' | sed 's/[{}]/\n/g' | grep -v '^,*$' | sort; }
sleep 0.2 # a peer is written down soon
known >/run/t/known
links >/run/t/links
status >/run/t/status
ip -o addr >/run/t/addresses
same_addresses() { ip -o addr | diff /run/t/addresses -; }
same_status() { status | diff /run/t/status -; }
answers() { ping -c 1 -W 5 "$(sed -n "s/.*\"pid\":$1}.*\"ip\":\"\([0-9.]*\)\".*/\1/p" /run/t/known)"; }
check "five are known" test "$(wc -l </run/t/known)" = 5
end
damage /run/d/store
start
check "all containers are known" same_known
check "no link has gone" same_links
check "no address has gone" same_addresses
check "services and peers are known" said "4 services and 2 peers are known after what is lost was read back from the kernel"
check "a container answers" answers $joined
set_up
check "who sets all up again finds it so" same_status
check "no address has gone" same_addresses
end
start
check "it is so for the next start" same_status
check "which reads nothing back" sh -c '[ "$(grep -c "services and . peers are known" /run/d/logs/overlayd.log)" = 1 ]'

# ---- tunnels of services' own ----

far_own=a-dedicated-service-whose-name-no-alias-has-room-for
container; guest_own=$guest
container; guest_far=$guest
for service in own $far_own; do ctl setup-service-overlay --service $service --mode dedicated >/dev/null; done
attach --handle linux_pid:$guest_own --service own >/dev/null
attach --handle linux_pid:$guest_far --service $far_own >/dev/null
ctl add-peer --public-key $key --endpoint 192.0.2.2:51900 --allowed-ips 10.200.12.0/26,10.200.13.0/26 --persistent-keepalive-secs 25 --scope service:own >/dev/null
ctl add-peer --public-key $key --endpoint 192.0.2.3:51901 --allowed-ips 10.200.14.0/26 --persistent-keepalive-secs 0 --scope service:$far_own >/dev/null
tunnels() { # key, port and peers of each
	for link in $(links | grep -- '-[dg]$'); do
		echo "$link"
		for what in private-key listen-port endpoints allowed-ips persistent-keepalive; do wg show "$link" $what | sort; done
	done
}
same_tunnels() { tunnels | diff /run/t/tunnels -; }
same_answers() { answers_own | diff /run/t/answers -; }
answers_own() { for service in own $far_own; do ctl --json setup-service-overlay --service $service --mode dedicated; done; }
quiet() { ! grep zl- /run/t/events; }
sleep 0.2 # a peer is written down soon
known >/run/t/known
links >/run/t/links
tunnels >/run/t/tunnels
answers_own >/run/t/answers
check "each has a device" test "$(links | grep -c -- '-d$')" = 2
end
damage /run/d/store
ip -o monitor link address route >/run/t/events &
monitor=$!
sleep 0.1
start
kill $monitor
check "key, port and peers of each tunnel are the same" same_tunnels
check "and no device, address or route was touched" quiet
check "the containers are known" same_known
check "and who sets it up again is told the same" same_answers
end
start
check "so it is for the next start" same_answers
check "whose tunnels are the same" same_tunnels
lost=$(links | grep -- '-own-d$')
end
wg set "$lost" private-key /dev/null
damage /run/d/store
start
grep -v "^$lost\$" /run/t/links >/run/t/links-left
left() { links | diff /run/t/links-left -; }
check "of one whose key can't be read the device goes" left
check "which is said" said "service own is not dedicated any more, as its tunnel $lost can't be read back"
check "its container is known" same_known
for pid in $guest_own $guest_far; do ctl detach-container --handle linux_pid:$pid >/dev/null; done
for service in own $far_own; do ctl teardown-service-overlay --service $service >/dev/null; done
kill $guest_own $guest_far

# ---- who has an address and no link ----

shared=$(attach --handle host_shared:job --service web)
vm=$(sed -n 's/.*guest_managed.*"ip":"\([0-9.]*\)".*/\1/p' /run/t/known)
status >/run/t/status
ip -o addr >/run/t/addresses
has_peer() { status | grep -F "\"$1\""; }
for round in 1 2; do
	end
	[ $round = 2 ] || for store in store.copy run/store; do damage /run/d/$store; done
	start
	check "start $round: a process of the host keeps its address" same_addresses
	check "a guest stays a peer" has_peer "$vm/32"
done
asked=$(for _ in $(seq 62); do
	ctl --json allocate-ip --service web
	ctl --json allocate-ip --service node
done)
nobody_gets() { ! echo "$asked" | grep "\"$1\""; }
check "what can't be known is said" said "what allocate_ip gave is not known any more"
check "the process's is given to nobody" nobody_gets "$shared"
check "nor is the guest's" nobody_gets "$vm"
# nobody can detach them: they go with the tunnel
ctl teardown-global-overlay >/dev/null
set_up
for ip in $(echo "$asked" | sed -n 's/.*"ip": *"\([0-9.]*\)".*/\1/p'); do ctl release-ip --ip "$ip" >/dev/null; done

# ---- both ----

links=$(links | wc -l)
ctl detach-container --handle linux_pid:$far >/dev/null
until [ "$(links | wc -l)" -lt "$links" ]; do sleep 0.02; done # it is deleted behind the answer
known >/run/t/known
for link in $(ip -o link | sed -n "s/^[0-9]*: \(zl-[^:@]*\).*$long\t.*/\1/p"); do mark_as_before "$link"; done
ip -o addr >/run/t/addresses
links >/run/t/links
end
damage /run/d/store
damage /run/d/run/store
start
told() { known | diff - /run/t/known-names; }
grep -v $long /run/t/known >/run/t/known-names
check "containers are known, but for a name that no alias has" told
check "no link has gone" same_links
set_up
check "no address has gone" same_addresses
check "the one that is not known answers" answers $plain
asked=$(for _ in $(seq 62); do ctl --json allocate-ip --service $long; done)
plain_ip=$(sed -n "s/.*\"pid\":$plain}.*\"ip\":\"\([0-9.]*\)\".*/\1/p" /run/t/known)
check "and its address is given to nobody" sh -c "! echo '$asked' | grep '\"$plain_ip\"'"
end
start
check "nor has it gone when the next one starts" same_links
check "it answers" answers $plain

# ---- emptied, or gone ----

all_known() { known | diff /run/t/known -; }
known >/run/t/known
check "some are known" test -s /run/t/known
for store in /run/d/store /run/d/run/store; do
	for how in ": >$store/data.mdb" "rm $store/data.mdb" "rm -r $store"; do
		end
		sh -c "$how"
		start
		check "$how: all are known" all_known
		check "$how: one answers" answers $joined
	done
done

# ---- a host that is new ----

mkdir /run/new
"$B/bin/overlayd" --data-dir /run/new >/run/t/new 2>&1 &
new=$!
until "$B/bin/overlayctl" --socket /run/new/run/zlayer-overlayd.sock status >/dev/null 2>&1; do sleep 0.02; done
check "a new host tells of no loss" sh -c "! grep warn /run/t/new"
kill $new
wait $new

# ---- what is no store ----

said_by() { # WORDS: a daemon doesn't come up, and says them
	timeout 10 "$B/bin/overlayd" --data-dir /run/new >/run/t/new 2>&1
	[ $? -eq 1 ] && grep -F "$1" /run/t/new
}
sed -i 's/"version":2/"version":3/' /run/new/store/data.mdb
check "a newer one's form is told" said_by "a newer overlayd wrote the store: its form is 3"
rm -r /run/new/store/*
mkdir /run/new/store/data.mdb
check "a directory in place of a file is named" said_by "store /run/new/store/*.mdb: Is a directory"
rm -r /run/new/store
: >/run/new/store
check "a file in place of the directory is named" said_by "store /run/new/store: Not a directory"
rm /run/new/store
: >/run/new/node.key
check "a key that is none is damaged" said_by "node.key in /run/new: it is damaged"
check_end
