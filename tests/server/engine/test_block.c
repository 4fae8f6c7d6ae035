/* Expected blocks: the reference's, and those that its rule gives in ranges that it never had. */
#include "server/engine/block.h"

#include <errno.h>

#include "tests/check.h"

static struct ovd_cidr range(const char *text)
{
	struct ovd_cidr cidr;

	CHECK_INT(cidr_parse(view(text), &cidr), 0);
	return cidr;
}

static bool none_taken(const void *arg _unused_, const struct ovd_cidr *block _unused_)
{
	return false;
}

static bool all_taken(const void *arg, const struct ovd_cidr *block _unused_)
{
	++**(unsigned *const *)arg;
	return true;
}

TEST(first_choice)
{
	static const struct {
		const char *range, *service;
		uint64_t node;
		const char *block;
	} rows[] = {
		{ "10.200.0.0/16", "web", 0, "10.200.187.128/26" },
		{ "10.200.0.0/16", "web", 1, "10.200.40.64/26" },
		{ "10.200.0.0/16", "db", 0, "10.200.243.0/26" },
		{ "10.200.0.0/16", "__zlayer_shared_bridge__", 0, "10.200.90.64/26" },
		{ "10.200.0.0/16", "__zlayer_shared_bridge__", 1, "10.200.237.128/26" },
		/* web, 0 has the hash 66accd2e098fe2ee: what is left of it by the range's blocks */
		{ "10.200.4.0/24", "web", 0, "10.200.4.128/26" },
		{ "10.200.4.64/26", "web", 0, "10.200.4.64/26" },
		{ "fd00::/112", "web", 0, "fd00::ee00/120" },
		{ "fd00::/64", "web", 0, "fd00::accd:2e09:8fe2:ee00/120" },
		{ "fd00::/57", "web", 0, "fd00::66:accd:2e09:8fe2:ee00/120" },
		{ "fd00::/8", "web", 0, "fd00::66:accd:2e09:8fe2:ee00/120" },
		{ "10.0.0.0/8", "web", 0, "10.248.187.128/26" },
		{ "10.200.0.0/16", "web", UINT64_MAX, "10.200.168.192/26" },
	};
	char text[CIDR_TEXT_MAX];

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct ovd_cidr from = range(rows[i].range), block;

		CASE("%s node %llu in %s", rows[i].service, (unsigned long long)rows[i].node,
		     rows[i].range);
		CHECK_INT(block_choose(&from, view(rows[i].service), rows[i].node, none_taken, NULL,
				       &block),
			  0);
		CHECK_STR(cidr_format(&block, text), rows[i].block);
		CHECK(cidr_covers(&from, &block));
	}
}

/* The blocks that are looked at, in their order. */
struct visits {
	struct ovd_cidr seen[8];
	size_t n, free_at; /* the visit that finds its block free */
};

static bool visit(const void *arg, const struct ovd_cidr *block)
{
	struct visits *v = *(struct visits *const *)arg;

	CHECK(v->n < ARRAY_SIZE(v->seen));
	v->seen[v->n++] = *block;
	return v->n - 1 != v->free_at;
}

/* Upwards from the first choice, on at the range's start, each once. */
TEST(next_choices)
{
	static const char *const want[] = { "10.200.4.128/26", "10.200.4.192/26", "10.200.4.0/26",
					    "10.200.4.64/26" };
	struct ovd_cidr from = range("10.200.4.0/24"), block;
	char text[CIDR_TEXT_MAX];

	for (size_t n = 0; n < ARRAY_SIZE(want); n++) {
		struct visits visits = { .free_at = n }, *at = &visits;

		CHECK_INT(block_choose(&from, view("web"), 0, visit, &at, &block), 0);
		CHECK_STR(cidr_format(&block, text), want[n]);
		CHECK_INT(visits.n, n + 1);
		for (size_t i = 0; i <= n; i++)
			CHECK_STR(cidr_format(&visits.seen[i], text), want[i]);
	}
}

TEST(all_taken)
{
	static const struct {
		const char *range;
		unsigned looked_at;
	} rows[] = {
		{ "10.200.4.0/24", 4 },          { "10.200.4.0/27", 0 }, /* no block fits */
		{ "10.200.4.64/26", 1 },         { "10.0.0.0/8", BLOCK_TRIES_MAX },
		{ "fd00::/8", BLOCK_TRIES_MAX },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct ovd_cidr from = range(rows[i].range), block, untouched;
		unsigned n = 0, *count = &n;

		CASE("%s", rows[i].range);
		memset(&block, 0xa5, sizeof(block));
		untouched = block;
		CHECK_INT(block_choose(&from, view("web"), 0, all_taken, &count, &block), -ENOSPC);
		CHECK_INT(n, rows[i].looked_at);
		CHECK_SAME(&block, &untouched);
	}
}

TEST(count_and_first)
{
	static const struct {
		const char *range;
		uint64_t count;
		const char *first;
	} rows[] = {
		{ "10.200.0.0/16", 1024, "10.200.0.0/26" },
		{ "10.200.4.0/25", 2, "10.200.4.0/26" },
		{ "10.200.4.64/26", 1, "10.200.4.64/26" },
		{ "10.200.4.96/27", 0, "10.200.4.96/27" },
		{ "10.200.4.1/32", 0, "10.200.4.1/32" },
		{ "0.0.0.0/0", UINT64_C(1) << 26, "0.0.0.0/26" },
		{ "fd00::/119", 2, "fd00::/120" },
		{ "fd00::/120", 1, "fd00::/120" },
		{ "fd00::/121", 0, "fd00::/121" },
		{ "fd00::/57", UINT64_C(1) << 63, "fd00::/120" },
		{ "fd00::/56", UINT64_MAX, "fd00::/120" },
		{ "::/0", UINT64_MAX, "::/120" },
	};
	char text[CIDR_TEXT_MAX];

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct ovd_cidr from = range(rows[i].range), first = block_first(&from);

		CASE("%s", rows[i].range);
		CHECK_U64(block_count(&from), rows[i].count);
		CHECK_STR(cidr_format(&first, text), rows[i].first);
	}
}
