#!/bin/sh
# What make does when the schema breaks somebody, and when it is released, in a copy of the tree and of what is built.
set -u
B=${B:-build}
unset MAKEFLAGS MFLAGS MAKELEVEL V
. tests/check.sh
tmp=$(mktemp -d)
trap 'rm -rf "$tmp" "$check_said"' EXIT
cp -a Makefile mk schema gen runtime server client tests docs "$tmp"
[ ! -d "$B" ] || { mkdir -p "$tmp/$B" && cp -a "$B/." "$tmp/$B"; }
cd "$tmp" || exit 1
cp -a schema kept

build() { # TARGET...: what it said, in `made`
	make --no-print-directory -j2 "$@" >made 2>&1 || { cat made; return 1; }
}

fails_saying() { # LINE: make says it, and makes nothing
	build all && return 1
	grep -Fqx "$1" made && ! grep -E '^(CC|AR|LD|GEN) ' made
}

after() { # COMMAND CHECK...: the check after that change of the schema's folder, which is taken back
	eval "$1"
	shift
	"$@"
	code=$?
	rm -rf schema
	cp -a kept schema
	return $code
}

add_to_peer() { # FIELD
	sed -i "s|^  optional PeerScope scope = 2 .*default_variant: \"global\".*|&\n  // Whether it is sure.\n  $1 = 3;|; " schema/overlayd.proto
	sed -i "/^message RemovePeer /,/^}/{/sure/d}" schema/overlayd.proto
}

nothing_breaks() {
	build compat && tail -n 1 made | grep -qx '0 things break, [0-9]* more are accepted'
}

released() {
	build release-schema V=9.9 || return 1
	cmp schema/released/9.9.binpb "$B/compat/overlayd.binpb" && nothing_breaks || return 1
	! strings schema/released/9.9.binpb | grep -q 'Whether it is sure' || return 1
	before=$(cksum schema/released/9.9.binpb)
	build release-schema V=9.9 && return 1
	[ "$before" = "$(cksum schema/released/9.9.binpb)" ] && grep -q 'is there already' made
}

breaks_what_was_released() {
	build release-schema V=9.9 || return 1
	sed -i '/ sure = 3/d' schema/overlayd.proto
	fails_saying '9.9 clients: add_peer: key `sure` is no longer heard (removed add_peer.sure)'
}

check "builds" build all
check "today's schema breaks nobody unsaid" nothing_breaks
check "a required key fails make" after "add_to_peer 'required bool sure'" \
	fails_saying '0.12, 0.13, 0.14 clients: add_peer now requires key `sure` (required add_peer.sure)'
check "accepting it is enough for those it names" after "add_to_peer 'required bool sure'; echo 'required add_peer.sure 0.14 clients: they are sure' >>schema/released/accepted.txt" \
	fails_saying '0.12, 0.13 clients: add_peer now requires key `sure` (required add_peer.sure)'
check "an optional key does not" after "add_to_peer 'optional bool sure'" build "$B/schema/stamp"
check "an entry that no longer applies fails make" after "sed -i 's/^required/removed/' schema/released/accepted.txt" \
	fails_saying "schema/released/accepted.txt:4: nothing breaks so: take the entry out"
check "a set that is not its source's fails make" after "sed -i 's/required bool nat_enabled/optional bool nat_enabled/' schema/released/0.12.proto" \
	fails_saying "schema/released/0.12.binpb and $B/compat/0.12.binpb are not the same schema"
check "a set that has gone fails make" after "rm schema/released/0.12.*" \
	fails_saying "schema/released/accepted.txt:4: nothing breaks so: take the entry out"
check "a released schema is compared with, and never written again" after "add_to_peer 'optional bool sure'" released
check "what was released is not taken back" after "add_to_peer 'optional bool sure'" breaks_what_was_released
no_name() { build release-schema && return 1; grep -q 'V=LINE' made; }
check "a release has a name" no_name
check_end
