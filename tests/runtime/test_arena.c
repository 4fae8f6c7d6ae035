#include "runtime/arena.h"

#include <stdint.h>

#include "runtime/buf.h"
#include "tests/check.h"

TEST(aligned_zeros)
{
	_cleanup_(arena_done) struct arena a = { .chunk = NULL };

	for (size_t n = 1; n < 10000; n = n * 3 + 1) {
		char *p = arena_alloc(&a, n);

		CHECK((uintptr_t)p % sizeof(long double) == 0);
		for (size_t i = 0; i < n; i++)
			CHECK_INT(p[i], 0);
		memset(p, 0xff, n);
	}
}

TEST(warm_arena_keeps_its_chunk)
{
	_cleanup_(arena_done) struct arena a = { .chunk = NULL };
	void *first = arena_alloc(&a, 100);

	arena_alloc(&a, 100000);
	arena_reset(&a);
	CHECK(arena_alloc(&a, 100) == first);
}

TEST(what_is_given_back_is_zero)
{
	_cleanup_(arena_done) struct arena a = { .chunk = NULL };

	for (int i = 0; i < 3; i++) {
		char *p = arena_alloc(&a, 1000), *q = arena_copy(&a, "secret", 6);

		memset(p, 's', 1000);
		if (i == 1)
			memset(arena_alloc(&a, 10000), 's', 10000);
		arena_reset(&a);
		for (size_t k = 0; k < 1000; k++)
			CHECK_INT(p[k], 0); /* the first chunk is kept */
		CHECK_INT(q[0], 0);
	}
}

TEST(absurd_sizes)
{
	_cleanup_(arena_done) struct arena a = { .chunk = NULL };

	CHECK(arena_alloc(&a, SIZE_MAX) == NULL);
	CHECK_STR(arena_copy(&a, "text", 2), "te");
}

TEST(buffer)
{
	_cleanup_(buf_done) struct buf b = { .p = NULL };

	for (int i = 0; i < 1000; i++)
		CHECK_INT(buf_printf(&b, "%d,", i), 0);
	CHECK_INT(b.n, 10 * 2 + 90 * 3 + 900 * 4);
	buf_drop(&b, 4);
	CHECK(strncmp(b.p, "2,3,", 4) == 0);
	b.n = 0;
	CHECK_INT(buf_text(&b, ""), 0);
	CHECK_VIEW(buf_view(&b), "");
}
