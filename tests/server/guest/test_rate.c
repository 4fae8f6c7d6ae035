#include "server/guest/rate.h"

#include "tests/check.h"

static unsigned allowed(struct rate *r, unsigned n, uint64_t now)
{
	unsigned count = 0;

	while (n-- > 0)
		count += rate_allows(r, now);
	return count;
}

TEST(a_burst_and_then_so_many_a_second)
{
	struct rate r = rate_of(10, 50, 1000);

	CHECK_INT(allowed(&r, 100, 1000), 50);
	CHECK_U64(rate_take_suppressed(&r), 50);
	CHECK_U64(rate_take_suppressed(&r), 0);
	CHECK_INT(allowed(&r, 100, 1099), 0);
	CHECK_INT(allowed(&r, 100, 1100), 1);
	CHECK_INT(allowed(&r, 100, 2100), 10);
	CHECK_INT(allowed(&r, 100, UINT64_MAX), 50); /* a full one is full */
	CHECK_U64(rate_take_suppressed(&r), 100 + 99 + 90 + 50);
}

/* Time that passes in small steps is not lost. */
TEST(slow_is_never_too_fast)
{
	struct rate r = rate_of(3, 1, 0);
	unsigned n = 0;

	for (uint64_t now = 0; now < 10000; now++)
		n += rate_allows(&r, now);
	CHECK(n >= 29 && n <= 31);
}

TEST(no_rate_is_no_limit)
{
	struct rate r = rate_of(0, 0, 0);

	CHECK_INT(allowed(&r, 1000, 0), 1000);
	CHECK_U64(rate_take_suppressed(&r), 0);
}
