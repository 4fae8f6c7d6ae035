#!/bin/sh
# Each fuzz target holds for its seeds, and for what was found with it.
set -u
B=${B:-build}
. tests/check.sh
for source in tests/fuzz/fuzz_*.c; do
	target=$(basename "$source" .c)
	if [ "$target" = fuzz_protobuf ] && ! "$B/bin/codec-testee" 2>&1 | grep -q protobuf; then
		check_skip "$target" "built without protobuf"
		continue
	fi
	check "$target" "$B/tests/fuzz/$target" "tests/fuzz/$target.in"
done
check_end
