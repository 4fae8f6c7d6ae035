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
# values are found by their numbers, which may have gaps
gap() {
	mkdir -p "$tmp/gap" && sed 's/FOOD_MEAT = 1/FOOD_MEAT = 7/; s/required Food food = 2/optional Food food = 2 [default = FOOD_MEAT]/' "$here/zoo.proto" >"$tmp/gap/zoo.proto" &&
		protoc -I"$tmp/gap" -Ischema --plugin=protoc-gen-overlay="$B/bin/overlaygen" --overlay_out="$tmp/gap" zoo.proto &&
		tr -d '\n\t\\"' <"$tmp/gap/zoo_describe.c" | grep -q 'key:food,number:2,type:Food,presence:default,default:raw_meat'
}
check "a default of an enum with a gap" gap
# an operation without a handler does not link, and the linker names it
cat >"$tmp/main.c" <<'C'
#include "schema/zoo_ops.h"
int main(void) { return zoo_dispatch(NULL, NULL); }
C
check "a missing handler is named" sh -c "${CC:-gcc} -D_GNU_SOURCE -I. -I$tmp $tmp/main.c $tmp/schema/zoo_ops.c.o -o $tmp/main 2>&1 | grep -q 'undefined reference to .zoo_op_feed'"
check_end
