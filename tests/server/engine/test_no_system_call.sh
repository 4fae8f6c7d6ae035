#!/bin/sh
# The engine decides and touches nothing: all that it calls, also by way of the runtime, is here, and nothing here looks at or changes what is outside the process.
set -u
B=${B:-build}
. tests/check.sh
tmp=$(mktemp -d)
trap 'rm -rf "$tmp" "$check_said"' EXIT

# memory; bytes and texts; text in memory; order
cat >"$tmp/allowed" <<'END'
calloc
explicit_bzero
free
malloc
realloc
bcmp
memchr
memcmp
memcpy
memmove
memrchr
memset
stpcpy
strchr
strcmp
strcpy
strlen
strncat
strncmp
strnlen
strrchr
snprintf
vsnprintf
bsearch
qsort
END
sort -o "$tmp/allowed" "$tmp/allowed"

# What an archive calls that neither it nor those members of the runtime define that it pulls in; checked variants count as what they check, and what a compiler or a sanitizer adds doesn't count.
calls() { # ARCHIVE OTHER...
	archive=$1
	shift
	ld -r --whole-archive "$archive" --no-whole-archive "$@" -o "$tmp/all.o" || return 1
	nm -u "$tmp/all.o" | sed -n 's/^ *[Uw] //p' |
		sed -E '/^(_GLOBAL_OFFSET_TABLE_|__stack_chk_fail|__(asan|ubsan|lsan|sanitizer)_.*)$/d; s/^__(.*)_chk$/\1/' |
		sort -u
}

only_allowed() {
	calls "$B/server/engine.a" "$B/runtime.a" >"$tmp/called" || return 1
	[ -s "$tmp/called" ] || { echo "nothing is called: this can't be all of it"; return 1; }
	comm -23 "$tmp/called" "$tmp/allowed" >"$tmp/other"
	[ ! -s "$tmp/other" ] || { echo "the engine calls:" && cat "$tmp/other" && return 1; }
}

# or the search above finds nothing ever
others_are_found() {
	calls "$B/runtime.a" >"$tmp/called" || return 1
	comm -23 "$tmp/called" "$tmp/allowed" | grep -qx connect
}

check "the engine calls nothing that reaches outside" only_allowed
check "a call that does is noticed" others_are_found
check_end
