#!/bin/sh
# The package for TypeScript: what its people check, its own tests, all vectors, a real daemon. All of it in a copy, as npm and tsc write beside the sources.
set -u
B=$(cd "${B:-build}" && pwd)
top=$(cd "$(dirname "$0")/../.." && pwd)
package=$top/client/typescript
work=$B/typescript
. tests/check.sh
tmp=$(mktemp -d)
trap 'rm -rf "$tmp" "$check_said"' EXIT
export NO_UPDATE_NOTIFIER=1

if ! node -e 'process.exit(Number(parseInt(process.versions.node) < 18))' 2>/dev/null; then
	check_skip all "no node of 18 or newer here; make deps-all installs it"
	check_end
	exit
fi

# ---- the copy, and the tools of the versions in package-lock.json ----
mkdir -p "$work" && cd "$work" || exit
rm -rf dist src test examples
cp -r "$package/src" "$package/test" "$package/examples" "$package/README.md" "$package/package.json" "$package/tsconfig.json" "$package/eslint.config.js" . || exit
cp "$top/tests/gen/zoo/client/typescript/src/protocol.ts" src/zoo.ts || exit
tools() {
	cmp -s "$package/package-lock.json" package-lock.json && [ -e node_modules/installed ] && return
	cp "$package/package-lock.json" . && timeout 120 npm ci --ignore-scripts --no-audit --no-fund --fetch-retries=1 --fetch-timeout=20000 && touch node_modules/installed
}
if ! tools >"$check_said" 2>&1; then
	check_skip all "no tools: $(grep -v '^npm warn' "$check_said" | head -n 1)"
	check_end
	exit
fi
PATH=$work/node_modules/.bin:$PATH
check "tsc --strict, another schema's module too" tsc --strict --noEmit
check "eslint, another schema's module too" eslint --max-warnings 0 .
check "builds" tsc --noCheck # as that was just done

another_schema() {
	node --input-type=module -e '
import assert from "node:assert";
import { Request } from "./dist/src/zoo.js";
const body = `{"op":"feed","called":"a","food":"raw_meat","phone":"::1","grams":1,"place":{"where":"pool","degrees":-1},"slowly":true}`;
const value = Request.decode(Buffer.from(body));
assert.deepEqual({ ...value, place: { ...value.place } }, { op: "feed", called: "a", food: "raw_meat", phone: "::1",
	nicknames: [], grams: 1, place: { where: "pool", degrees: -1 }, slowly: true });
assert.equal(Buffer.from(Request.encode(value)).toString(), body);
assert.equal(Buffer.from(Request.encode({ op: "feed", called: "b", food: "grass", grams: 2 })).toString(),
	`{"op":"feed","called":"b","food":"grass","grams":2,"place":{"where":"cage"},"slowly":true}`);'
}
check "another schema round trip" another_schema
a_user() ( # whose project has the package among its dependencies
	rm -rf "$tmp/user" && mkdir -p "$tmp/user/node_modules" && ln -s "$work" "$tmp/user/node_modules/overlayd-client" || return
	cat >"$tmp/user/main.ts" <<'TS'
import { type Answer, Client, type Request, UnavailableError } from "overlayd-client";
const request: Request = { op: "set_local_node_id", node_id: 1n };
const client = new Client({ path: "/nowhere", connectTimeout: 0 });
try {
  const answer: Answer<"ok"> = await client.setLocalNodeId(request);
  // @ts-expect-error: ok has nothing beside its tag
  console.log(answer.ip);
} catch (error) {
  console.log(error instanceof UnavailableError);
}
// @ts-expect-error: a number is no bigint
void client.setLocalNodeId({ node_id: 1 }).catch(() => undefined);
TS
	cd "$tmp/user" && echo '{ "type": "module" }' >package.json || return
	tsc --strict --module nodenext --target es2022 --typeRoots "$work/node_modules/@types" --types node main.ts &&
		[ "$(node main.js)" = true ]
)
check "a user's program" a_user
readme() ( # its programs, in that user's project; with no daemon the first says so
	cd "$tmp/user" && awk '$0 == "```ts" { out = "readme" ++n ".ts"; next } $0 == "```" { out = "" } out { print > out } END { exit n != 2 }' "$package/README.md" || return
	tsc --strict --module nodenext --target es2022 --typeRoots "$work/node_modules/@types" --types node readme1.ts readme2.ts || return
	ZLAYER_DATA_DIR=$tmp/none node readme1.js 1 2>&1 | grep -q UnavailableError
)
check "the programs of README" readme

# ---- its own tests ----
for test in test/*.test.ts; do
	check "$test" timeout 60 node --test "dist/${test%.ts}.js"
done

# ---- the vectors ----
for vectors in contract-0.12 contract-0.13 contract-0.14 older-lines verdicts; do
	if ! command -v python3 >/dev/null; then
		check_skip "$vectors" "no python3 here; make deps-all installs it"
		continue
	fi
	check "$vectors" timeout 60 python3 "$top/tests/client/vectors.py" "$top/tests/data/vectors/$vectors.jsonl" node dist/test/testee.js
	tail -n 1 "$check_said"
done

check "the conformance suite" timeout 120 "$B/bin/overlay-conform" codec --vectors "$top/tests/data/vectors" --known "$top/tests/conformance/known/typescript.txt" -- node dist/test/testee.js

# ---- a real daemon ----
root=
[ "$(id -u)" -eq 0 ] || root=-Ur
live() {
	# shellcheck disable=SC2086
	timeout 60 unshare $root --mount --net --pid --fork --kill-child --mount-proc sh -c '
		mount -t tmpfs tmpfs /run && ip link set lo up || exit
		"$1/bin/overlayd" --data-dir /run/node >/run/log 2>&1 &
		node dist/test/live.js /run/node/run/zlayer-overlayd.sock || { cat /run/log; exit 1; }
		wait' sh "$B"
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
