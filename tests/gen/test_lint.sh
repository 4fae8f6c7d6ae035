#!/bin/sh
# Every rule of the generator refuses its schema with its words: lint/NAME.proto, lint/NAME.err.
set -u
B=${B:-build}
here=$(dirname "$0")
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
passed=0 failed=0
for schema in "$here"/lint/*.proto; do
	name=$(basename "$schema" .proto)
	protoc -I"$here/lint" -Ischema --plugin=protoc-gen-overlay="$B/bin/overlaygen" --overlay_out="$tmp" "$name.proto" >"$tmp/said" 2>&1
	sed -i 's/^--overlay_out: //; /warning: Import wire.proto is unused/d' "$tmp/said"
	if cmp -s "$here/lint/$name.err" "$tmp/said"; then
		passed=$((passed + 1))
		echo "test_lint $name - ok"
	else
		failed=$((failed + 1))
		diff "$here/lint/$name.err" "$tmp/said"
		echo "test_lint $name - FAILED"
	fi
done
echo "test_lint: $passed passed, $failed failed, 0 skipped"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
