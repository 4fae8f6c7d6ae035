#include "server/engine/prefix.h"

#include "tests/server/engine/node.h"

static const char *const texts[] = {
	"10.0.0.0/8",      "10.200.4.0/26",   "10.200.4.64/26",     "10.200.5.0/24",
	"10.200.5.128/25", "10.200.5.129/32", "172.16.0.0/12",      "0.0.0.0/1",
	"fd00::/64",       "fd00::/120",      "fd00:0:0:1::/64",    "a00::/8",
	"::/128",          "0.0.0.0/32",      "255.255.255.255/32", "128.0.0.0/2",
	"192.168.8.0/24",  "192.168.8.0/23",
};

static const char *const asked[] = {
	"10.200.4.0/26",
	"10.200.4.0/24",
	"10.200.4.128/26",
	"10.200.5.0/25",
	"10.200.5.128/26",
	"10.200.5.129/32",
	"10.200.6.0/24",
	"11.0.0.0/8",
	"9.255.255.255/32",
	"172.31.0.0/16",
	"172.32.0.0/16",
	"0.0.0.0/0",
	"::/0",
	"fd00::/16",
	"fd00::1/128",
	"fd00:0:0:2::/64",
	"fd00::ff00/120",
	"ff00::/8",
	"a64::/16",
	"192.168.9.0/24",
	"192.168.7.0/24",
	"255.255.255.254/31",
	"200.0.0.0/8",
	"::1/128",
};

static bool overlaps_any(const struct prefix *prefixes, unsigned in, const struct ovd_cidr *cidr)
{
	for (unsigned i = 0; i < ARRAY_SIZE(texts); i++)
		if (in >> i & 1 && cidr_overlaps(&prefixes[i].cidr, cidr))
			return true;
	return false;
}

static void check_overlaps(const struct prefix_set *set, const struct prefix *prefixes, unsigned in)
{
	for (unsigned i = 0; i < ARRAY_SIZE(asked); i++) {
		const struct ovd_cidr cidr = cidr_of(asked[i]);
		const struct prefix *found = prefix_overlapping(set, &cidr);

		CASE("set %x: %s", in, asked[i]);
		CHECK_INT(found != NULL, overlaps_any(prefixes, in, &cidr));
		if (found)
			CHECK(cidr_overlaps(&found->cidr, &cidr) && in >> (found - prefixes) & 1);
	}
}

static void check_found(const struct prefix_set *set, const struct prefix *prefixes, unsigned in)
{
	for (unsigned i = 0; i < ARRAY_SIZE(texts); i++) {
		CASE("set %x: %s", in, texts[i]);
		CHECK(prefix_find(set, &prefixes[i].cidr) == (in >> i & 1 ? &prefixes[i] : NULL));
	}
}

/* As a look at each of them finds. */
TEST(any_set)
{
	struct prefix prefixes[ARRAY_SIZE(texts)];
	struct prefix_set set = { .root = NULL };
	unsigned in = 0, x = 1;

	for (unsigned i = 0; i < ARRAY_SIZE(texts); i++)
		prefixes[i] = (struct prefix){ .cidr = cidr_of(texts[i]) };
	for (unsigned n = 0; n < 4000; n++) {
		unsigned i;

		x = x * 1664525 + 1013904223;
		i = (x >> 16) % ARRAY_SIZE(texts);
		/* mostly few of them, or something always overlaps */
		if (in >> i & 1)
			prefix_delete(&set, &prefixes[i]);
		else if (n % 4 == 0 || n > 3000)
			CHECK(prefix_insert(&set, &prefixes[i]) == &prefixes[i]);
		else
			continue;
		in ^= 1u << i;
		check_overlaps(&set, prefixes, in);
		check_found(&set, prefixes, in);
	}
}

TEST(an_equal_one_stays_out)
{
	struct prefix first = { .cidr = cidr_of("10.0.0.0/8") }, second = first;
	struct prefix_set set = { .root = NULL };
	const struct ovd_cidr inside = cidr_of("10.1.0.0/16");

	CHECK(prefix_insert(&set, &first) == &first);
	CHECK(prefix_insert(&set, &second) == &first);
	prefix_delete(&set, &first);
	CHECK(!prefix_overlapping(&set, &inside));
	CHECK(!set.root);
	for (size_t i = 0; i < ARRAY_SIZE(set.n_of); i++)
		CHECK_INT(set.n_of[i], 0);
}
