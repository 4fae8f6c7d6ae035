#!/bin/sh
# What the generator makes of zoo.proto is what is kept in zoo/; GOLDEN=write writes it anew. It compiles without a warning, and make rewrites only what changed.
set -u
B=${B:-build}
here=$(dirname "$0")
tmp=$(mktemp -d)
. tests/check.sh
trap 'rm -rf "$tmp" "$check_said"' EXIT
mkdir -p "$tmp/schema"
check "generates" protoc -I"$here" -Ischema --plugin=protoc-gen-overlay="$B/bin/overlaygen" --overlay_out="$tmp/schema" zoo.proto
[ "${GOLDEN:-}" != write ] || { rm -rf "$here/zoo" && cp -r "$tmp/schema" "$here/zoo"; }
for file in $(cd "$here/zoo" && find . -type f | sed 's,^./,,'); do
	check "$file" diff "$here/zoo/$file" "$tmp/schema/$file"
done
for file in "$tmp"/schema/*.c; do
	check "$(basename "$file") compiles" ${CC:-gcc} -std=gnu17 -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wswitch-enum -Werror \
		-D_GNU_SOURCE -I. -I"$tmp" -c "$file" -o "$file.o"
done
# an operation without a handler does not link, and the linker names it
cat >"$tmp/main.c" <<'C'
#include "schema/zoo_ops.h"
int main(void) { return zoo_dispatch(NULL, NULL); }
C
check "a missing handler is named" sh -c "${CC:-gcc} -D_GNU_SOURCE -I. -I$tmp $tmp/main.c $tmp/schema/zoo_ops.c.o -o $tmp/main 2>&1 | grep -q 'undefined reference to .zoo_op_feed'"
check_end
