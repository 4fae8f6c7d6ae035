#!/bin/sh
# What make does after a change, in a copy of the tree and of what is built: all that it must and no more. And the build's id: of the sources alone.
set -u
B=${B:-build}
unset MAKEFLAGS MFLAGS MAKELEVEL V
export LC_ALL=C
. tests/check.sh
tmp=$(mktemp -d)
trap 'rm -rf "$tmp" "$check_said"' EXIT
cp -a Makefile mk schema gen runtime server client tests docs "$tmp"
[ ! -d "$B" ] || { mkdir -p "$tmp/$B" && cp -a "$B/." "$tmp/$B"; }
cd "$tmp" || exit 1

build() { # TARGET...: what was done, in the file `done`
	make --no-print-directory -j2 "$@" >made 2>&1
	code=$?
	grep -E '^(CC|AR|LD|GEN) ' made | sort >done
	[ "$code" -eq 0 ] || cat made
	return "$code"
}

did() { # KIND NAME...: exactly these, of that kind
	kind=$1
	shift
	for name; do printf '%-4s %s\n' "$kind" "$name"; done | sort >want
	grep "^$kind " done | diff want -
}

nothing() {
	[ ! -s done ] || { cat done && return 1; }
}

nothing_to_do() { # also by way of a target that is built on the way
	build all && nothing && build "$B/schema/stamp" && nothing && build all && nothing
}

new_id() { # as the next make has it
	make --no-print-directory "$B/build_id.h" >/dev/null 2>&1
	sed -n 's/^#define BUILD_ID "\(.*\)"$/\1/p' "$B/build_id.h"
}

# ---- what make does ----

one_source() {
	echo >>server/engine/pool.c
	build all || return 1
	# and those that tell the build's id
	did CC server/engine/pool.c server/ops/describe.c server/options.c client/ctl/command_line.c &&
		did LD "$B/bin/overlayd" "$B/bin/overlayctl" && did GEN
}

touched_source() {
	touch server/engine/pool.c
	build all && did CC server/engine/pool.c && did LD "$B/bin/overlayd"
}

one_header() {
	touch server/lock.h
	build all && did CC server/lock.c server/memory.c server/opening.c server/removal.c server/socket.c
}

touched_schema() {
	touch schema/overlayd.proto
	build all && did GEN schema/overlayd.proto && did CC && did AR && did LD
}

# A field's comment is in the header, in what describe hands out and on the reference page.
schema_comment() {
	sed -i 's|^  // Chosen by the client, repeated in the answer|  // Picked by the client, repeated in the answer|' schema/overlayd.proto
	for f in "$B"/schema/overlayd* "$B"/schema/docs/*; do stat -c '%n %Y %i' "$f"; done | grep -v '\.[ado] ' >before
	build "$B/schema/stamp" && did CC || return 1
	for f in "$B"/schema/overlayd* "$B"/schema/docs/*; do stat -c '%n %Y %i' "$f"; done | grep -v '\.[ado] ' >after
	diff before after | sed -n 's/^> \([^ ]*\) .*/\1/p' >changed
	printf '%s\n' "$B/schema/overlayd.h" "$B/schema/overlayd_describe.c" "$B/schema/docs/reference.html" "$B/schema/docs/reference.md" | diff - changed
}

# The other objects count as compiled: what the linker says does not depend on them.
new_operation() {
	number=$(($(grep -c 'answers: ' schema/overlayd.proto) + 1))
	sed -i "s|^    Unit shutdown = 26 .*|&\n    // Wags.\n    Unit wag_tail = $number [(wire.field) = { since: \"0.14.3\", answers: \"ok\" }];|" schema/overlayd.proto
	build "$B/schema/stamp" || return 1
	find "$B" -name '*.o' ! -name overlayd_ops.o -exec touch {} +
	build "$B/bin/overlayd" && { echo "it links"; return 1; }
	grep -q 'undefined reference to .ovd_op_wag_tail' made
}

# ---- the build's id ----

first_id() {
	id=$("$B/bin/overlayd" --build-id)
	rm -f "$B/build_id" "$B/build_id.h"
	[ "${#id}" -eq 64 ] && [ "$(new_id)" = "$id" ]
}

another_id() { # COMMAND that changes a source, COMMAND that takes it back
	was=$(new_id)
	eval "$1"
	now=$(new_id)
	eval "$2"
	back=$(new_id)
	echo "was $was, then $now, back $back"
	[ "$was" != "$now" ] && [ "$was" = "$back" ]
}

same_id() { # COMMAND
	was=$(new_id)
	eval "$1"
	rm -f "$B/build_id"
	[ "$was" = "$(new_id)" ]
}

programs_say_it() {
	was=$(new_id)
	echo >>server/lock.c
	build all && [ "$was" != "$(new_id)" ] && [ "$("$B/bin/overlayd" --build-id)" = "$(new_id)" ]
}

check "builds" build all
check "a second make has nothing to do" nothing_to_do
check "the same sources in another folder have the same id" first_id
check "another byte, another id" another_id 'cp -p server/lock.c kept; echo >>server/lock.c' 'cp kept server/lock.c'
check "another name, another id" another_id 'mv server/lock.c server/look.c' 'mv server/look.c server/lock.c'
check "one file less, another id" another_id 'mv server/lock.c kept' 'mv kept server/lock.c'
check "tests and hidden files are no sources" same_id 'echo >>tests/check.c; echo >server/.lock.c.swp; touch server/lock.c'
check "the programs say the new id" programs_say_it
check "a changed source compiles alone" one_source
check "a touched source compiles alone" touched_source
check "a touched header compiles those that include it" one_header
check "a touched schema is read again, and nothing follows" touched_schema
check "a comment in the schema changes what shows it" schema_comment
check "a new operation's missing handler is named" new_operation
check_end
