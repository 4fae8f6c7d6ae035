#!/bin/sh
# What breaks between compat/NAME.old.proto and NAME.new.proto is said as in NAME.out; GOLDEN=write writes it anew. And the list of what is accepted.
set -u
B=${B:-build}
here=$(dirname "$0")
. tests/check.sh
tmp=$(mktemp -d)
trap 'rm -rf "$tmp" "$check_said"' EXIT

describe() { # SCHEMA OUT
	protoc -I"$here/compat" -Ischema --include_imports --descriptor_set_out="$2" "$1.proto"
}

compare() { # ARGUMENT...: what it says in `said`, its exit status in `code`
	"$B/bin/overlaycompat" "$@" >"$tmp/said" 2>&1
	code=$?
}

breaks_as_said() { # NAME
	describe "$1.old" "$tmp/1.0.binpb" && describe "$1.new" "$tmp/now.binpb" || return 1
	compare "$tmp/now.binpb" "$tmp/1.0.binpb"
	[ "${GOLDEN:-}" != write ] || cp "$tmp/said" "$here/compat/$1.out"
	diff "$here/compat/$1.out" "$tmp/said" || return 1
	case $1 in
	*_ok | recursion) [ "$code" -eq 0 ] && [ ! -s "$tmp/said" ] ;;
	*) [ "$code" -eq 1 ] && [ -s "$tmp/said" ] ;;
	esac
}

# A schema is compatible with itself.
same_is_clean() {
	for schema in "$here"/compat/*.proto; do
		describe "$(basename "$schema" .proto)" "$tmp/1.0.binpb" && compare "$tmp/1.0.binpb" "$tmp/1.0.binpb"
		[ "$code" -eq 0 ] && [ ! -s "$tmp/said" ] || { echo "$schema"; cat "$tmp/said"; return 1; }
	done
}

for schema in "$here"/compat/*.old.proto; do
	name=$(basename "$schema" .old.proto)
	check "$name" breaks_as_said "$name"
done
check "a schema is compatible with itself" same_is_clean

# ---- the list of what is accepted ----

describe removed.old "$tmp/1.0.binpb"
cp "$tmp/1.0.binpb" "$tmp/1.1.binpb"
describe removed.new "$tmp/now.binpb"

accepting() { # STATUS WANT ENTRY...: with these entries, that is said
	want_code=$1 want=$2
	shift 2
	printf '%s\n' "$@" >"$tmp/accepted"
	compare --accepted "$tmp/accepted" "$tmp/now.binpb" "$tmp/1.0.binpb"
	[ "$want" = "$(sed "s,$tmp/,," "$tmp/said")" ] && [ "$code" -eq "$want_code" ] || { cat "$tmp/said"; return 1; }
}

all='removed ask.word 1.0 clients: a
removed ask.flag 1.0 clients: b
removed response.told.word 1.0 clients: c
removed response.told.flag 1.0 clients: d
removed event.rung.word 1.0 clients: e
removed event.rung.flag 1.0 clients: f'
left='1.0 clients: ask: key `word` is no longer heard (removed ask.word)'
without=$(echo "$all" | sed 1d)

lines_are_merged() {
	compare "$tmp/now.binpb" "$tmp/1.0.binpb" "$tmp/1.1.binpb"
	[ "$(wc -l <"$tmp/said")" -eq 6 ] && grep -qx '1.0, 1.1 clients: ask: key `word` is no longer heard (removed ask.word)' "$tmp/said"
}
accepted_for_one_line() {
	echo "$all" >"$tmp/accepted"
	compare --accepted "$tmp/accepted" "$tmp/now.binpb" "$tmp/1.0.binpb" "$tmp/1.1.binpb"
	[ "$code" -eq 1 ] && grep -q '^1.1 clients' "$tmp/said" && ! grep -q '1\.0' "$tmp/said"
}
verbose_tells_reasons() {
	echo "$all" >"$tmp/accepted"
	compare --verbose --accepted "$tmp/accepted" "$tmp/now.binpb" "$tmp/1.0.binpb"
	[ "$code" -eq 0 ] && grep -qx 'accepted: 1.0 clients: event.rung: key `flag` is no longer told (removed event.rung.flag): f' "$tmp/said"
}
wrong_input() { # ARGUMENT...
	compare "$@"
	[ "$code" -eq 2 ] && [ -s "$tmp/said" ]
}

check "several lines that break alike are told in one" lines_are_merged
check "accepted" accepting 0 "" "# why" "" "$all"
check "what is not accepted is told" accepting 1 "$left" "$without"
check "accepted for clients is not for daemons" accepting 1 "$left
accepted:1: nothing breaks so: take the entry out" "removed ask.word 1.0 daemons: a" "$without"
check "accepted for one line is not for another" accepted_for_one_line
check "an entry that no longer applies" accepting 1 "accepted:7: nothing breaks so: take the entry out" "$all" "required ask.word 1.0 clients: a"
check "an entry without a reason" accepting 1 "$left
accepted:1: an entry is RULE PATH LINE clients|daemons: why" "removed ask.word 1.0 clients:" "$without"
check "what is accepted is told with its reason" verbose_tells_reasons
echo "no set" >"$tmp/text.binpb"
check "a file that is no set" wrong_input "$tmp/now.binpb" "$tmp/text.binpb"
check "a file that isn't there" wrong_input "$tmp/now.binpb" "$tmp/none.binpb"
check "nothing to compare with" wrong_input "$tmp/now.binpb"
check "the same schema" "$B/bin/overlaycompat" --same "$tmp/1.0.binpb" "$tmp/1.1.binpb"
not_the_same() { compare --same "$tmp/1.0.binpb" "$tmp/now.binpb"; [ "$code" -eq 1 ]; }
check "not the same schema" not_the_same
check_end
