#include "runtime/buf.h"

#include "tests/check.h"

/* A request that can't be met ends in NULL, as without a sanitizer. */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
	return "allocator_may_return_null=1";
}

static void check_slack(const struct buf *b)
{
	static const char zeros[BUF_SLACK];

	CHECK(b->cap >= b->n);
	CHECK_BYTES(b->p + b->cap, zeros, BUF_SLACK);
}

TEST(empty)
{
	struct buf b = { .p = NULL };

	CHECK_VIEW(buf_view(&b), "");
	CHECK_INT(buf_append(&b, NULL, 0), 0);
	CHECK_VIEW(buf_view(&b), "");
	buf_drop(&b, 0);
	buf_done(&b);
	buf_done(&b);
	CHECK(!b.p && b.n == 0 && b.cap == 0);
}

/* In pieces of each length: the bytes are those that were put in, the slack behind them is zero. */
TEST(grows)
{
	char bytes[3000];

	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (char)(i * 7);
	for (size_t piece = 1; piece < 700; piece += 3) {
		_cleanup_(buf_done) struct buf b = { .p = NULL };

		CASE("%zu bytes at a time", piece);
		while (b.n + piece <= sizeof(bytes)) {
			CHECK_INT(buf_append(&b, bytes + b.n, piece), 0);
			check_slack(&b);
		}
		CHECK_BYTES(b.p, bytes, b.n);
	}
}

TEST(reserve)
{
	_cleanup_(buf_done) struct buf b = { .p = NULL };
	const char *p;

	CHECK_INT(buf_reserve(&b, 0), 0);
	CHECK(b.p); /* readers may look at the slack of an empty one too */
	check_slack(&b);
	CHECK_INT(buf_reserve(&b, 100000), 0);
	CHECK(b.cap >= 100000 && b.n == 0);
	p = b.p;
	b.n = b.cap;
	CHECK_INT(buf_reserve(&b, 0), 0);
	CHECK(b.p == p);
	CHECK_INT(buf_reserve(&b, 1), 0);
	CHECK(b.cap > b.n);
	check_slack(&b);
}

TEST(too_much)
{
	static const size_t sizes[] = { SIZE_MAX / 4, SIZE_MAX / 2, SIZE_MAX / 2 + 2, SIZE_MAX };

	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		_cleanup_(buf_done) struct buf b = { .p = NULL };

		CASE("%zx", sizes[i]);
		CHECK_INT(buf_reserve(&b, sizes[i]), -ENOMEM);
		CHECK(!b.p);
		CHECK_INT(buf_text(&b, "kept"), 0);
		CHECK_INT(buf_reserve(&b, sizes[i]), -ENOMEM);
		CHECK_INT(buf_append(&b, "x", sizes[i]), -ENOMEM);
		CHECK_VIEW(buf_view(&b), "kept");
	}
}

TEST(printf)
{
	_cleanup_(buf_done) struct buf b = { .p = NULL };
	char want[2000];

	CHECK_INT(buf_text(&b, "a"), 0);
	CHECK_INT(buf_printf(&b, "%s", ""), 0);
	CHECK_INT(buf_printf(&b, "%d-%s", -5, "b"), 0);
	CHECK_VIEW(buf_view(&b), "a-5-b");
	memset(want, ' ', sizeof(want));
	memcpy(want, "a-5-b", 5);
	for (int n = 1; (size_t)n + b.n < sizeof(want); n += 97) {
		CHECK_INT(buf_printf(&b, "%*s", n, ""), 0);
		CHECK_BYTES(b.p, want, b.n);
		CHECK(b.n < b.cap); /* its NUL fits too */
	}
}

TEST(drop)
{
	_cleanup_(buf_done) struct buf b = { .p = NULL };

	CHECK_INT(buf_text(&b, "headbody"), 0);
	buf_drop(&b, 4);
	CHECK_VIEW(buf_view(&b), "body");
	buf_drop(&b, 0);
	CHECK_VIEW(buf_view(&b), "body");
	buf_drop(&b, 4);
	CHECK_VIEW(buf_view(&b), "");
	CHECK_INT(buf_text(&b, "again"), 0);
	CHECK_VIEW(buf_view(&b), "again");
}
