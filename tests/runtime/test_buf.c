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

/* To where no byte is copied any more, and beyond. */
TEST(grows_large)
{
	enum { PIECE = 10007 };
	_cleanup_(buf_done) struct buf b = { .p = NULL };
	char piece[PIECE];

	for (size_t i = 0; i < 300; i++) {
		memset(piece, (int)i, PIECE);
		CHECK_INT(buf_append(&b, piece, PIECE), 0);
		check_slack(&b);
	}
	for (size_t i = 0; i < 300; i++) {
		memset(piece, (int)i, PIECE);
		CHECK_BYTES(b.p + i * PIECE, piece, PIECE);
	}
	b.n = 0;
	buf_trim(&b);
	CHECK(!b.p);
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

/* Each byte turned over. */
static const uint8_t turned[] = "a secret that is in no other place";

static void put_secret(char text[sizeof(turned)])
{
	for (size_t i = 0; i < sizeof(turned); i++)
		text[i] = (char)~turned[i];
}

TEST(nothing_is_left_where_bytes_move_away)
{
	struct buf b = { .p = NULL };

	CHECK_INT(buf_append(&b, "0123456789", 10), 0);
	CHECK_INT(buf_reserve(&b, sizeof(turned)), 0);
	put_secret(b.p + b.n);
	b.n += sizeof(turned);
	CHECK_INT(check_copies(turned, sizeof(turned)), 1);
	buf_drop(&b, 10);
	CHECK_INT(check_copies(turned, sizeof(turned)), 1);
	for (int i = 0; i < 300; i++)
		CHECK_INT(buf_append(&b, "more and more and more of it", 28), 0);
	CHECK_INT(check_copies(turned, sizeof(turned)), 1);
	buf_drop(&b, sizeof(turned)); /* what comes behind it is longer */
	CHECK_INT(check_copies(turned, sizeof(turned)), 0);
	buf_done(&b);
}

TEST(what_is_dropped_at_the_end_is_gone)
{
	struct buf b = { .p = NULL };

	CHECK_INT(buf_reserve(&b, sizeof(turned)), 0);
	put_secret(b.p);
	b.n = sizeof(turned);
	buf_drop(&b, sizeof(turned));
	CHECK_INT(check_copies(turned, sizeof(turned)), 0);
	put_secret(b.p);
	buf_wipe(&b); /* what was read into the room and never counted, too */
	CHECK_INT(check_copies(turned, sizeof(turned)), 0);
	CHECK(!b.p && b.n == 0 && b.cap == 0);
	buf_wipe(&b);
}

TEST(trim)
{
	_cleanup_(buf_done) struct buf b = { .p = NULL };

	buf_trim(&b);
	CHECK_INT(buf_append(&b, "x", 1), 0);
	buf_drop(&b, 1);
	buf_trim(&b);
	CHECK(b.cap > 0);
	CHECK_INT(buf_reserve(&b, BUF_KEPT + 1), 0);
	b.n = 1;
	buf_trim(&b);
	CHECK(b.cap > BUF_KEPT); /* it is not empty */
	b.n = 0;
	buf_trim(&b);
	CHECK_INT(b.cap, 0);
}
