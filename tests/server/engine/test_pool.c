#include "server/engine/pool.h"

#include <errno.h>

#include "tests/check.h"

static struct pool pool_of(const char *block)
{
	struct ovd_cidr cidr;
	struct pool pool;

	CHECK_INT(cidr_parse(view(block), &cidr), 0);
	CHECK_INT(pool_init(&pool, &cidr), 0);
	return pool;
}

static struct ovd_ip ip_of(const char *text)
{
	struct ovd_ip ip;

	CHECK_INT(ip_parse(view(text), &ip), 0);
	return ip;
}

static void check_take(struct pool *pool, const char *want)
{
	char text[IP_TEXT_MAX];
	struct ovd_ip ip;

	CHECK_INT(pool_take(pool, &ip), 0);
	CHECK_STR(ip_format(&ip, text), want);
}

TEST(reserved)
{
	static const struct {
		const char *block, *network, *gateway, *first,
			*last; /* last: NULL if it is given */
	} rows[] = {
		{ "10.200.4.128/26", "10.200.4.128", "10.200.4.129", "10.200.4.130",
		  "10.200.4.191" },
		{ "10.200.4.0/24", "10.200.4.0", "10.200.4.1", "10.200.4.2", "10.200.4.255" },
		{ "10.0.0.4/30", "10.0.0.4", "10.0.0.5", "10.0.0.6", "10.0.0.7" },
		{ "fd00::ff00/120", "fd00::ff00", "fd00::ff01", "fd00::ff02", NULL },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct pool pool = pool_of(rows[i].block);
		struct ovd_ip gateway = pool_gateway(&pool), network = ip_of(rows[i].network), last;
		char text[IP_TEXT_MAX];

		CASE("%s", rows[i].block);
		CHECK_STR(ip_format(&gateway, text), rows[i].gateway);
		CHECK(pool_is_taken(&pool, &gateway) && pool_is_taken(&pool, &network));
		if (rows[i].last) {
			last = ip_of(rows[i].last);
			CHECK(pool_is_taken(&pool, &last));
		}
		CHECK_INT(pool.n_given, 0);
		check_take(&pool, rows[i].first);
		CHECK_INT(pool.n_given, 1);
	}
}

TEST(sizes)
{
	static const struct {
		const char *block;
		int r;
		unsigned given; /* until it is full */
	} rows[] = {
		{ "10.0.0.0/24", 0, 253 },     { "10.0.0.0/26", 0, 61 },
		{ "10.0.0.0/30", 0, 1 },       { "10.0.0.0/31", 0, 0 },
		{ "10.0.0.0/32", -ERANGE, 0 }, { "10.0.0.0/23", -ERANGE, 0 },
		{ "fd00::/120", 0, 254 },      { "fd00::/127", 0, 0 },
		{ "fd00::/126", 0, 2 },        { "fd00::/128", -ERANGE, 0 },
		{ "fd00::/119", -ERANGE, 0 },  { "0.0.0.0/0", -ERANGE, 0 },
		{ "::/0", -ERANGE, 0 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct ovd_cidr cidr;
		struct pool pool;
		struct ovd_ip ip, before;

		CASE("%s", rows[i].block);
		CHECK_INT(cidr_parse(view(rows[i].block), &cidr), 0);
		CHECK_INT(pool_init(&pool, &cidr), rows[i].r);
		if (rows[i].r < 0)
			continue;
		for (unsigned n = 0; n < rows[i].given; n++) {
			CHECK_INT(pool_take(&pool, &ip), 0);
			CHECK(cidr_holds(&cidr, &ip));
			CHECK(pool_is_taken(&pool, &ip));
			CHECK(n == 0 ||
			      ip_distance(&ip, &before) == 1); /* upwards, none left out */
			before = ip;
		}
		CHECK_INT(pool.n_given, rows[i].given);
		memset(&ip, 0xa5, sizeof(ip));
		before = ip;
		CHECK_INT(pool_take(&pool, &ip), -ENOSPC);
		CHECK_SAME(&ip, &before);
		CHECK_INT(pool.n_given, rows[i].given);
	}
}

/* An address that came back is given again last. */
TEST(returned_addresses_rest)
{
	struct pool pool = pool_of("10.0.0.0/29"); /* 2 to 6 */
	struct ovd_ip two = ip_of("10.0.0.2"), four = ip_of("10.0.0.4"), ip;

	check_take(&pool, "10.0.0.2");
	check_take(&pool, "10.0.0.3");
	pool_give(&pool, &two);
	CHECK(!pool_is_taken(&pool, &two));
	CHECK_INT(pool.n_given, 1);
	check_take(&pool, "10.0.0.4");
	check_take(&pool, "10.0.0.5");
	check_take(&pool, "10.0.0.6");
	check_take(&pool, "10.0.0.2");
	CHECK_INT(pool_take(&pool, &ip), -ENOSPC);
	pool_give(&pool, &four);
	check_take(&pool, "10.0.0.4");
	CHECK_INT(pool_take(&pool, &ip), -ENOSPC);
	CHECK_INT(pool.n_given, 5);
}

TEST(given_twice_counts_once)
{
	struct pool pool = pool_of("10.0.0.0/26");
	struct ovd_ip ip, foreign = ip_of("10.0.0.66"), six = ip_of("fd00::2");

	CHECK_INT(pool_take(&pool, &ip), 0);
	pool_give(&pool, &foreign);
	pool_give(&pool, &six);
	CHECK_INT(pool.n_given, 1);
	pool_give(&pool, &ip);
	pool_give(&pool, &ip);
	CHECK_INT(pool.n_given, 0);
}

TEST(lent)
{
	struct pool pool = pool_of("10.0.0.0/30");
	struct ovd_ip ip, again, foreign = ip_of("10.0.1.2");

	CHECK_INT(pool_take(&pool, &ip), 0);
	CHECK(!pool_is_lent(&pool, &ip));
	pool_lend(&pool, &ip);
	CHECK(pool_is_lent(&pool, &ip) && pool_is_taken(&pool, &ip));
	pool_lend(&pool, &foreign);
	CHECK(!pool_is_lent(&pool, &foreign) && !pool_is_taken(&pool, &foreign));
	pool_give(&pool, &ip);
	CHECK(!pool_is_lent(&pool, &ip));
	CHECK_INT(pool_take(&pool, &again), 0); /* the only one there is: not lent any more */
	CHECK(ip_eq(&ip, &again) && !pool_is_lent(&pool, &again));
}
