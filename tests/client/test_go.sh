#!/bin/sh
# The package for Go: what its people check, its own tests, all vectors, a real daemon.
set -u
B=$(cd "${B:-build}" && pwd)
work=$B/go
PATH=$B/bin:$work/bin:$PATH:/usr/sbin:/sbin

# In namespaces of its own, as their first process: a daemon, and what the package's test wants of it.
if [ "${1:-}" = with-daemon ]; then
	set -e
	mount -t tmpfs tmpfs /run
	ip link set lo up
	overlayd --data-dir /run/node 2>/run/log &
	for i in 1 2; do
		unshare --net sleep 1000 &
		pids="${pids:-} $!"
		while [ "$(readlink /proc/$$/ns/net)" = "$(readlink /proc/$!/ns/net)" ]; do sleep 0.01; done
	done
	OVERLAYD_TEST_DIR=/run/node OVERLAYD_TEST_PIDS=$pids OVERLAYD_TEST_EXAMPLE=$work/bin/attach \
		timeout 60 "$work/bin/client.test" -test.run '^TestDaemon$' -test.v >/run/said 2>&1 && grep -q '^--- PASS: TestDaemon ' /run/said && exit
	cat /run/said /run/log
	exit 1
fi

. tests/check.sh
if ! go version >/dev/null 2>&1; then
	check_skip all "no go here; make deps-all installs it"
	check_end
	exit
fi
export GOTOOLCHAIN=local GOFLAGS=-modcacherw GOWORK=off GOPATH="$work/path" GOCACHE="$work/cache" GOBIN="$work/bin"
export OVERLAYD_VECTORS="$PWD/tests/data/vectors"
top=$PWD
mkdir -p "$work/zoo"
cd client/go || exit

# ---- the ecosystem's checks ----
minor=$(go env GOVERSION | sed 's/^go1\.\([0-9]*\).*/\1/')
[ "$minor" -ge 25 ] && staticcheck=v0.7.0 || staticcheck=v0.4.7
formatted() { [ -z "$(gofmt -l . | tee /dev/stderr)" ]; }
has_staticcheck() { # the pinned one, made with this go
	[ "$(cat "$work/staticcheck" 2>/dev/null)" = "$staticcheck $(go version)" ] && return
	timeout 300 go install honnef.co/go/tools/cmd/staticcheck@$staticcheck && echo "$staticcheck $(go version)" >"$work/staticcheck"
}
check "gofmt" formatted
check "go vet" go vet ./...
if [ "$minor" -gt 20 ] && [ "$minor" -lt 25 ]; then
	check_skip "staticcheck" "none is pinned for Go 1.$minor"
elif has_staticcheck >"$work/said" 2>&1; then
	check "staticcheck" staticcheck -checks all,-ST1000 ./...
else
	check_skip "staticcheck" "$staticcheck can't be installed: $(tail -n 1 "$work/said")"
fi

# ---- its own tests ----
race=$(CGO_ENABLED=1 go test -race -run '^$' . >/dev/null 2>&1 && echo -race)
[ -n "$race" ] || check_skip "races" "no race detector here"
check "its own tests" env ${race:+CGO_ENABLED=1} timeout 300 go test $race .

# ---- vectors ----
vectors() { # NAME: the tests of this name, and what they count
	timeout 120 go test -count=1 -v -run "$1" ./cmd/codec-testee >"$work/said" 2>&1 || { cat "$work/said"; return 1; }
	grep -q '^    *--- PASS\|^--- PASS' "$work/said" && ! grep -q -- '--- SKIP' "$work/said"
}
for line in 0.12 0.13 0.14; do
	check "vectors of $line" vectors "TestVectors/contract-$line.jsonl"
done
check "verdicts" vectors TestVerdicts
sed -n 's/^.*main_test.go:[0-9]*: /test_go verdicts: /p' "$work/said"

conformance() {
	timeout 120 go build -o "$work/codec-testee" ./cmd/codec-testee &&
		timeout 120 "$B/bin/overlay-conform" codec --vectors "$top/tests/data/vectors" --known "$top/tests/conformance/known/go.txt" -- "$work/codec-testee"
}
check "the conformance suite" conformance

# ---- another schema ----
zoo() (
	rm -f "$work"/zoo/*
	for file in codec.go scan.go errors.go; do sed 's/^package overlayd$/package zoo/' $file >"$work/zoo/$file" || return; done
	sed -i '/^\/\/ Error is the/,/^$/d' "$work/zoo/errors.go" # its Err is the contract's
	sed -i 's/\*Err\b/*CallError/' "$work/zoo/errors.go"
	cp "$top/tests/gen/zoo/client/go/protocol.go" "$top/tests/client/zoo_test.go" "$work/zoo" && cd "$work/zoo" || return
	printf 'module zoo\n\ngo 1.19\n' >go.mod
	[ -z "$(gofmt -l protocol.go)" ] && go vet . && go test .
)
check "what the generator makes of another schema" zoo

# ---- a real daemon ----
with_daemon() (
	go test -c -o "$work/bin/client.test" . && go build -o "$work/bin/attach" ./examples/attach && cd "$top" &&
		unshare $user --mount --net --pid --fork --kill-child --mount-proc "$top/tests/client/test_go.sh" with-daemon
)
user=
[ "$(id -u)" -eq 0 ] || user=-Ur
if [ ! -w /dev/net/tun ]; then
	check_skip "a real daemon" "this user may not open /dev/net/tun, which wireguard-go needs"
elif ! unshare $user --mount --net --pid --fork --kill-child --mount-proc true 2>/dev/null; then
	check_skip "a real daemon" "no namespaces here"
else
	check "a real daemon" with_daemon
fi
cd "$top" || exit
check_end
