#!/bin/sh
# Every rule of the generator refuses its schema with its words: lint/NAME.proto, lint/NAME.err.
set -u
B=${B:-build}
here=$(dirname "$0")
. tests/check.sh
tmp=$(mktemp -d)
trap 'rm -rf "$tmp" "$check_said"' EXIT

refused_as_said() { # NAME
	timeout 60 protoc -I"$here/lint" -Ischema --plugin=protoc-gen-overlay="$B/bin/overlaygen" --overlay_out="$tmp" "$1.proto" >"$tmp/said" 2>&1
	sed -i 's/^--overlay_out: //; /warning: Import wire.proto is unused/d' "$tmp/said"
	diff "$here/lint/$1.err" "$tmp/said"
}

for schema in "$here"/lint/*.proto; do
	name=$(basename "$schema" .proto)
	check "$name" refused_as_said "$name"
done
check_end
