#!/bin/sh
# The programs in the READMEs of the packages for Python and Go, as they stand there, beside a real daemon. What a user types to get at the package comes first.
set -u
B=$(cd "${B:-build}" && pwd)
top=$PWD
PATH=$B/bin:$PATH:/usr/sbin:/sbin

# In namespaces of its own: a daemon at its default socket, a service, and a container for each program.
if [ "${1:-}" = with-daemon ]; then
	mount -t tmpfs tmpfs /run && ip link set lo up || exit
	export ZLAYER_DATA_DIR=/run/node
	overlayd >/run/log 2>&1 &
	until overlayctl status >/dev/null 2>&1; do sleep 0.02; done
	overlayctl setup-global-overlay --deployment d --instance-id 1 --cluster-cidr 10.200.0.0/16 --slice-cidr 10.200.4.0/24 --wg-port 51820 &&
		overlayctl setup-service-overlay --service web --mode auto || exit
	unshare --net sleep 1000 &
	while [ "$(readlink /proc/$$/ns/net)" = "$(readlink /proc/$!/ns/net)" ]; do sleep 0.01; done
	sh -c "$2" sh $!
	exit
fi

. tests/check.sh
tmp=$(mktemp -d)
trap 'rm -rf "$tmp" "$check_said"' EXIT
root=
[ "$(id -u)" -eq 0 ] || root=-Ur
if [ ! -w /dev/net/tun ]; then
	check_skip all "this user may not open /dev/net/tun, which wireguard-go needs"
elif ! unshare $root --mount --net --pid --fork --kill-child --mount-proc true 2>/dev/null; then
	check_skip all "no namespaces here"
fi
[ "$check_skipped" -eq 0 ] || { check_end && exit; }

blocks() { # FILE LANGUAGE SUFFIX: each in a file of its own, DIR/LANGUAGE-N/main.SUFFIX; how many there are
	awk -v fence="\`\`\`$2" -v dir="$tmp/$2-" -v suffix="/main.$3" '
		$0 == fence { n++; system("mkdir " dir n); out = dir n suffix; next }
		$0 == "```" { out = "" }
		out { print > out }
		END { print n + 0 }' "$1"
}
with_daemon() { # WANT COMMAND: it prints the lines of WANT, patterns
	timeout 60 unshare $root --mount --net --pid --fork --kill-child --mount-proc "$top/tests/client/test_readme.sh" with-daemon "$2" >"$tmp/said" 2>&1
	code=$?
	cat "$tmp/said"
	echo "$1" | while read -r line; do grep -qx "$line" "$tmp/said" || { echo "no line $line"; exit 1; }; done && [ "$code" -eq 0 ]
}
address='10\.200\.4\.[0-9]*'

if python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
	check "Python: two programs" [ "$(blocks client/python/README.md python py)" -eq 2 ]
	export PYTHONPATH="$top/client/python/src" PYTHONDONTWRITEBYTECODE=1
	check "Python: attach" with_daemon "$address" "python3 $tmp/python-1/main.py \$1"
	check "Python: status and nat_status" with_daemon "overlayd at 10\.200\.4\.1
nat_status: not built yet.*" "python3 $tmp/python-2/main.py"
else
	check_skip "Python" "no python3 of 3.11 or newer here; make deps-all installs it"
fi

if go version >/dev/null 2>&1; then
	export GOTOOLCHAIN=local GOWORK=off GOFLAGS=-modcacherw GOPROXY=off GOPATH="$B/go/path" GOCACHE="$B/go/cache"
	build() ( # with the commands that stand there
		cd "$tmp/go-$1" && go mod init example >/dev/null 2>&1 || return
		sed -n "s,^    \(go mod .*\),\1,p" "$top/client/go/README.md" | sed "s,/path/to/overlayd,$top," >commands
		[ "$(wc -l <commands)" -eq 2 ] && sh -e commands && go vet . && [ -z "$(gofmt -l .)" ] && go build -o program .
	)
	check "Go: two programs" [ "$(blocks client/go/README.md go go)" -eq 2 ]
	check "Go: attach builds" build 1
	check "Go: attach" with_daemon "$address" "$tmp/go-1/program \$1"
	check "Go: Status and NATStatus build" build 2
	check "Go: Status and NATStatus" with_daemon "zl-d-1-g 10\.200\.4\.1
nat_status: not built yet.*" "$tmp/go-2/program"
else
	check_skip "Go" "no go here; make deps-all installs it"
fi
check_end
