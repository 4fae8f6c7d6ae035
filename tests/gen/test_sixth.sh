#!/bin/sh
# The worked example of gen/README.md: a generator with one emitter, for Perl. What it makes compiles, passes the vectors, and talks to a real daemon.
set -u
B=$(cd "${B:-build}" && pwd)
. tests/check.sh
tmp=$(mktemp -d)
trap 'rm -rf "$tmp" "$check_said"' EXIT
export PERL5LIB="$PWD/gen/perl:$tmp"

generate() { # INCLUDE SCHEMA FOLDER
	mkdir -p "$3" && protoc -I"$1" -Ischema --plugin=protoc-gen-overlay="$B/gen/perl/overlaygen" --overlay_out="$3" "$2"
}
has_one_output() { [ "$(cd "$tmp" && find . -type f)" = ./Overlayd/Protocol.pm ]; }
is_short() { wc -l gen/perl/emit.c && [ "$(wc -l <gen/perl/emit.c)" -le 150 ]; }
quiet() { # COMMAND...: succeeds and says no more than that
	said=$("$@" 2>&1) && [ -z "$(echo "$said" | grep -v ' syntax OK$')" ] || { echo "$said"; return 1; }
}

# who has the schema and the generator alone makes the emitter a generator, under any name
stranger() {
	mkdir -p "$tmp/stranger/gen/mine" && cp -r Makefile mk schema gen runtime "$tmp/stranger" && cp gen/perl/emit.c "$tmp/stranger/gen/mine" || return
	(
		unset MAKEFLAGS MFLAGS MAKELEVEL
		cd "$tmp/stranger" && make -j2 B=build SAN= OPTIMIZE=-O0 build/gen/mine/overlaygen && mkdir made &&
			protoc -Ischema --plugin=protoc-gen-overlay=build/gen/mine/overlaygen --overlay_out=made overlayd.proto
	) && cmp "$tmp/stranger/made/Overlayd/Protocol.pm" "$tmp/Overlayd/Protocol.pm" && rm -r "$tmp/stranger"
}

check "generates" generate schema overlayd.proto "$tmp"
check "its one output" has_one_output
check "the emitter is short" is_short
check "the schema and the generator are all that it needs" stranger
if ! command -v perl >/dev/null; then
	check_skip "what it makes" "no perl here"
	check_end
	exit
fi
check "compiles" quiet perl -wc "$tmp/Overlayd/Protocol.pm"
check "the client compiles" quiet perl -wc gen/perl/Overlayd/Client.pm

# ---- another schema, with one of each ----
check "another schema" generate tests/gen zoo.proto "$tmp/zoo"
zoo() { # CODE
	PERL5LIB="gen/perl:$tmp/zoo" perl -w -MOverlayd::Protocol -e "
		sub is { my (\$got, \$want) = @_; \$got eq \$want or die qq(got \$got\nnot \$want\n) }
		sub again { Overlayd::Protocol::encode_request(Overlayd::Protocol::decode_request(\$_[0])) }
		$1"
}
# shellcheck disable=SC2016
{
	check "in the schema's order" zoo 'is(again(q({"slowly":false,"place":{"degrees":-1,"where":"pool"},"grams":1,"phone":"0:0::1","food":"raw_meat","called":"a","op":"feed"})),
		q({"op":"feed","called":"a","food":"raw_meat","phone":"::1","grams":1,"place":{"where":"pool","degrees":-1},"slowly":false}))'
	check "what is missing has its default" zoo 'is(again(q({"op":"feed","called":"a","food":"grass","grams":1,"phone":null,"nicknames":[]})),
		q({"op":"feed","called":"a","food":"grass","grams":1,"place":{"where":"cage"},"slowly":true}))'
	check "also when it is written" zoo 'is(Overlayd::Protocol::encode_request({ op => "feed", called => "a", food => "grass", grams => 65535 }),
		q({"op":"feed","called":"a","food":"grass","grams":65535,"place":{"where":"cage"},"slowly":true}))'
	check "what is out of bounds is refused" zoo 'for (
			["grams", "grams: expected an integer, u16\n", grams => 65536], ["word", "word: more than 9 bytes\n", word => "0123456789"],
			["list", "nicknames: more than 2 items\n", nicknames => [1, 2, 3]], ["fraction", "grams: expected an integer, u16\n", grams => 1.5],
			["nothing", "called: missing\n", called => undef], ["item", "nicknames[1]: expected text\n", nicknames => [1, undef]]) {
		my ($name, $reason, @wrong) = @$_;
		eval { Overlayd::Protocol::encode_request({ op => "feed", called => "a", food => "grass", grams => 1, @wrong }) };
		is($@, $reason);
	}'
}
secrets_are_hidden() {
	perl -w -MOverlayd::Protocol -e '
		my $key = "c2VjcmV0";
		my $value = Overlayd::Protocol::decode_edge_config(qq({"version":1,"name":"a","overlay_ip":"::","prefix_len":8,"private_key":"$key","public_key":"b","peers":[],"expires_at_unix":18446744073709551615}));
		Overlayd::Protocol::encode_edge_config($value) =~ /"private_key":"$key".*:18446744073709551615/ or die "not written";
		Overlayd::Protocol::show_edge_config($value) =~ /"private_key":"\*\*\*".*:18446744073709551615/ or die "not hidden"'
}
check "secrets are hidden from logs" secrets_are_hidden

# ---- the vectors ----
if command -v python3 >/dev/null; then
	for vectors in contract-0.12 contract-0.13 contract-0.14 older-lines verdicts; do
		check "$vectors" timeout 120 python3 tests/client/vectors.py "tests/data/vectors/$vectors.jsonl" perl -w tests/gen/perl/testee.pl
		tail -n 1 "$check_said"
	done
else
	check_skip "vectors" "no python3 here to drive the testee"
fi

# ---- a daemon that plays its part, and a real one ----
check "events and broken connections" timeout 60 perl -w tests/gen/perl/client.pl "$tmp/socket"
root=
[ "$(id -u)" -eq 0 ] || root=-Ur
live() {
	# shellcheck disable=SC2086
	timeout 60 unshare $root --mount --net --pid --fork --kill-child --mount-proc sh -c '
		mount -t tmpfs tmpfs /run && ip link set lo up || exit
		"$1/bin/overlayd" --data-dir /run/d >/run/log 2>&1 &
		unshare --net sleep 1000 &
		until [ "$(readlink /proc/$!/ns/net)" != "$(readlink /proc/self/ns/net)" ] && "$1/bin/overlayctl" --data-dir /run/d status >/dev/null 2>&1; do sleep 0.02; done
		perl -w tests/gen/perl/live.pl /run/d/run/zlayer-overlayd.sock $! || { cat /run/log; exit 1; }
		! ip -o link | grep zl-' sh "$B"
}
if [ ! -w /dev/net/tun ]; then
	check_skip "a real daemon" "this user may not open /dev/net/tun"
elif ! unshare $root --mount --net true 2>/dev/null; then
	check_skip "a real daemon" "no namespaces here"
else
	check "a real daemon" live
fi
check_end
