#!/bin/sh
# Many peers through the daemon, on whichever WireGuard there is: PEERS=.. how many (1000).
set -u
. tests/check.sh
check_needs_tun
check_in_namespaces
. tests/integration/daemon.sh
n=${PEERS:-1000}

set_of() { # FROM TO [SHIFT]: peers, each with a prefix; those whose number 10 divides have the prefix of the one SHIFT behind
	awk -v from="$1" -v to="$2" -v shift="${3:-0}" 'BEGIN {
		print "["
		for (i = from; i <= to; i++) {
			at = i % 10 ? i : i + shift
			printf "%s{\"public_key\":\"%042dA=\",\"endpoint\":\"192.0.2.1:%d\",\"allowed_ips\":\"10.%d.%d.%d/32\",\"persistent_keepalive_secs\":0,\"candidates\":[]}\n", (i > from ? "," : ""), i, 1024 + i % 60000, 64 + int(at / 65536), int(at / 256) % 256, at % 256
		}
		print "]"
	}'
}

sync() { # FILE ADDED CHANGED REMOVED KEPT
	said=$(ctl --json sync-peers --peers "@$1" | tr -d ' \n')
	case $said in
	*"\"added\":$2,\"changed\":$3,\"removed\":$4,\"kept\":$5}"*) ;;
	*) echo "$said"; return 1 ;;
	esac
}

# What the device itself says: a key and its prefixes a line.
told() { ctl --json status | tr -d ' \n' | sed 's/{"public_key":"/\n&/g' | sed -n 's/^{"public_key":"\([^"]*\)".*"allowed_ips":\[*"\([^]"]*\)".*/\1 \2/p' | sort; }
wanted() { sed -n 's/.*"public_key":"\([^"]*\)".*"allowed_ips":"\([^"]*\)".*/\1 \2/p' "$1" | sort; }
has() { # FILE N
	wanted "$1" >/run/t/wanted
	[ "$(grep -c . /run/t/wanted)" -eq "$2" ] || { echo "not $2 in $1"; return 1; }
	told >/run/t/told
	diff /run/t/wanted /run/t/told >/run/t/diff || { head -n 5 /run/t/diff; return 1; }
}

again() { # what is told is on the disk within a moment, and at the latest when the daemon ends
	kill -USR2 $daemon
	wait $daemon
	ip -o monitor link address route >/run/t/events &
	monitor=$!
	sleep 0.2
	start
	sleep 0.2
	kill $monitor
}

set_of 1 "$n" >/run/t/first
set_of 11 $((n + 5)) >/run/t/second
set_of 11 $((n + 5)) 100000 >/run/t/third
echo '[]' >/run/t/none

start
ctl setup-global-overlay --deployment d --instance-id 1 --cluster-cidr 10.0.0.0/8 --slice-cidr 10.200.4.0/24 --wg-port 0 >/dev/null
check "$n peers at once" sync /run/t/first "$n" 0 0 0
check "the device has them" has /run/t/first "$n"
check "once more: nothing to do" sync /run/t/first 0 0 0 "$n"
check "some go, some come" sync /run/t/second 5 0 10 $((n - 10))
check "the device has those" has /run/t/second $((n - 5))
again
check "a restart knows them" has /run/t/second $((n - 5))
check "and is silent" test ! -s /run/t/events
check "nothing to do after it" sync /run/t/second 0 0 0 $((n - 5))
tens=$(((n + 5) / 10 - 1))
check "prefixes change" sync /run/t/third 0 $tens 0 $((n - 5 - tens))
check "the device has the new ones" has /run/t/third $((n - 5))
check "all go" sync /run/t/none 0 0 $((n - 5)) 0
check "the device has none" has /run/t/none 0
ctl shutdown >/dev/null
check "the daemon ends" wait $daemon

check_end
