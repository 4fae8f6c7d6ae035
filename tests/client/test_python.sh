#!/bin/sh
# The package for Python: what its people check, its own tests, all vectors, a real daemon.
set -u
B=$(cd "${B:-build}" && pwd)
top=$(cd "$(dirname "$0")/../.." && pwd)
package=$top/client/python
work=$B/python
. tests/check.sh
tmp=$(mktemp -d)
trap 'rm -rf "$tmp" "$check_said"' EXIT
export PYTHONPYCACHEPREFIX="$work/pycache" PYTHONPATH="$package/src" MYPYPATH="$package/src"
export MYPY_CACHE_DIR="$work/mypy" RUFF_CACHE_DIR="$work/ruff" PIP_DISABLE_PIP_VERSION_CHECK=1
cd "$package" || exit

is_new_enough() { "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; }

if ! is_new_enough python3; then
	check_skip all "no python3 of 3.11 or newer here; make deps-all installs it"
	check_end
	exit
fi
python=$(python3 -c 'import sys; print(sys.executable)')
mkdir -p "$work"

# ---- the ecosystem's checks, with tools of the versions in requirements-dev.txt ----
tools() {
	cmp -s "$package/requirements-dev.txt" "$work/tools/installed" && return
	rm -rf "$work/tools"
	"$python" -m venv "$work/tools" || return
	"$work/tools/bin/pip" install -q --no-deps --retries 1 --timeout 20 -r "$package/requirements-dev.txt" || return
	cp "$package/requirements-dev.txt" "$work/tools/installed"
}
build_package() { # of a copy, as setuptools writes beside the sources
	mkdir "$tmp/package"
	cp -r pyproject.toml README.md src "$tmp/package" || return
	"$work/tools/bin/pip" install -q --no-deps --no-index --no-build-isolation --target "$tmp/site" "$tmp/package" || return
	[ -f "$tmp/site/overlayd/py.typed" ] && PYTHONPATH=$tmp/site PYTHONSAFEPATH=1 "$python" -c 'import overlayd; overlayd.Client'
}
mkdir "$tmp/zoo"
cp "$top/tests/gen/zoo/client/python/src/overlayd/_protocol.py" "$tmp/zoo/zoo.py"
if tools >"$check_said" 2>&1; then
	check "mypy --strict" "$work/tools/bin/mypy"
	check "ruff check" "$work/tools/bin/ruff" check
	check "ruff format" "$work/tools/bin/ruff" format --check
	check "mypy --strict of another schema" "$work/tools/bin/mypy" --strict "$tmp/zoo/zoo.py"
	check "ruff format of another schema" "$work/tools/bin/ruff" format --check --config pyproject.toml "$tmp/zoo/zoo.py"
	check "the package builds" build_package
else
	for name in "mypy --strict" "ruff check" "ruff format" "mypy --strict of another schema" "ruff format of another schema" "the package builds"; do
		check_skip "$name" "no tools: $(tail -n 1 "$check_said")"
	done
fi

# ---- its own tests ----
unit_tests() { timeout 120 "$1" -W error -m unittest discover -s tests; }
check "unit tests" unit_tests "$python"
if [ "$(readlink -f /usr/bin/python3)" != "$(readlink -f "$python")" ] && is_new_enough /usr/bin/python3; then
	check "unit tests with the system's Python" unit_tests /usr/bin/python3
fi
another_schema() {
	PYTHONPATH=$PYTHONPATH:$tmp/zoo "$python" -c '
import zoo
body = b"""{"op":"feed","called":"a","food":"raw_meat","phone":"::1","grams":1,"place":{"where":"pool","degrees":-1},"slowly":true}"""
assert zoo.encode_request(zoo.decode_request(body)) == body
assert zoo.decode_request(body).animal.food is zoo.Food.MEAT'
}
check "another schema round trip" another_schema

# ---- the vectors ----
for vectors in contract-0.12 contract-0.13 contract-0.14 older-lines verdicts; do
	check "$vectors" timeout 120 "$python" "$top/tests/client/vectors.py" "$top/tests/data/vectors/$vectors.jsonl" "$python" tests/codec_testee.py
	tail -n 1 "$check_said"
done

check "the conformance suite" timeout 120 "$B/bin/overlay-conform" codec --vectors "$top/tests/data/vectors" --known "$top/tests/conformance/known/python.txt" -- "$python" tests/codec_testee.py

# ---- a real daemon ----
root=
[ "$(id -u)" -eq 0 ] || root=-Ur
live() {
	# shellcheck disable=SC2086
	timeout 60 unshare $root --mount --net --pid --fork --kill-child --mount-proc sh -c '
		mount -t tmpfs tmpfs /run && ip link set lo up || exit
		"$1/bin/overlayd" --data-dir /run/node >/run/log 2>&1 &
		OVERLAYD_SOCKET=/run/node/run/zlayer-overlayd.sock "$2" -W error -m unittest tests/live_daemon.py || { cat /run/log; exit 1; }
		wait' sh "$B" "$python"
}
# shellcheck disable=SC2086
if [ ! -w /dev/net/tun ]; then
	check_skip "a real daemon" "this user may not open /dev/net/tun"
elif ! unshare $root --mount --net true 2>/dev/null; then
	check_skip "a real daemon" "no namespaces here"
else
	check "a real daemon" live
fi
check_end
