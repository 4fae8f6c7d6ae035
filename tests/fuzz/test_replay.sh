#!/bin/sh
# Each fuzz target holds for its seeds, and for what was found with it.
set -u
B=${B:-build}
. tests/check.sh
for source in tests/fuzz/fuzz_*.c; do
	target=$(basename "$source" .c)
	check "$target" "$B/tests/fuzz/$target" "tests/fuzz/$target.in"
done
check_end
