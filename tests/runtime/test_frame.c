#include "runtime/frame.h"

#include <errno.h>

#include "tests/check.h"

/* Puts bytes in as they might arrive: at most `most` at a time. */
static void feed(struct frame_reader *r, const void *bytes, size_t n, size_t most)
{
	for (size_t done = 0; done < n;) {
		size_t room, take;
		char *p = frame_room(r, &room);

		CHECK(p && room > 0);
		take = MIN(MIN(room, most), n - done);
		memcpy(p, (const char *)bytes + done, take);
		frame_filled(r, take);
		done += take;
	}
}

static void put_frame(struct buf *b, const char *body)
{
	size_t at;

	CHECK_INT(frame_begin(b, &at), 0);
	CHECK_INT(buf_text(b, body), 0);
	CHECK_INT(frame_end(b, at), 0);
}

TEST(frames_in_any_pieces)
{
	for (size_t most = 1; most < 40; most++) {
		_cleanup_(frame_reader_done) struct frame_reader r = { .start = 0 };
		_cleanup_(buf_done) struct buf stream = { .p = NULL };
		struct ovd_view body;

		CASE("%zu at a time", most);
		put_frame(&stream, "one");
		put_frame(&stream, "second");
		put_frame(&stream, "3");
		feed(&r, stream.p, stream.n, most);
		CHECK_INT(frame_next(&r, &body, NULL), 1);
		CHECK_VIEW(body, "one");
		CHECK_INT(body.p[body.n], 0); /* the end, for readers that look for one */
		CHECK_INT(frame_next(&r, &body, NULL), 1);
		CHECK_VIEW(body, "second");
		CHECK_INT(frame_next(&r, &body, NULL), 1);
		CHECK_VIEW(body, "3");
		CHECK_INT(frame_next(&r, &body, NULL), 0);
		CHECK(!frame_pending(&r));
	}
}

TEST(zero_is_skipped)
{
	_cleanup_(frame_reader_done) struct frame_reader r = { .start = 0 };
	struct ovd_view body;

	feed(&r, "\0\0\0\0\1\0\0\0x", 9, 9);
	CHECK_INT(frame_next(&r, &body, NULL), -EBADMSG);
	CHECK_INT(frame_next(&r, &body, NULL), 1);
	CHECK_VIEW(body, "x");
}

TEST(too_large_is_refused_at_once)
{
	_cleanup_(frame_reader_done) struct frame_reader r = { .start = 0 };
	struct ovd_view body;
	uint32_t n;

	feed(&r, "\1\0\x80\0", 4, 4);
	CHECK_INT(frame_next(&r, &body, &n), -EMSGSIZE);
	CHECK_INT(n, FRAME_BODY_MAX + 1);
}

TEST(an_announcement_costs_nothing)
{
	_cleanup_(frame_reader_done) struct frame_reader r = { .start = 0 };
	struct ovd_view body;

	feed(&r, "\0\0\x80\0", 4, 4);
	CHECK_INT(frame_next(&r, &body, NULL), 0);
	CHECK(frame_pending(&r));
	CHECK(r.in.cap <= 4096);
}

TEST(largest)
{
	_cleanup_(frame_reader_done) struct frame_reader r = { .start = 0 };
	_cleanup_(freep) char *big = calloc(FRAME_BODY_MAX, 1);
	const uint32_t n = FRAME_BODY_MAX;
	struct ovd_view body;

	memset(big, 'b', n);
	feed(&r, &n, 4, 4);
	feed(&r, big, n, n);
	CHECK_INT(frame_next(&r, &body, NULL), 1);
	CHECK_INT(body.n, n);
	CHECK_BYTES(body.p, big, n);
	feed(&r, "\1\0\0\0y", 5, 5);
	CHECK_INT(frame_next(&r, &body, NULL), 1);
	frame_trim(&r);
	CHECK_INT(r.in.cap, 0); /* what a large frame took is given back */
}

/* The place of a body that was given holds nothing of it when the next one is asked for. */
TEST(what_was_given_is_wiped)
{
	static const char zeros[8000];
	_cleanup_(frame_reader_done) struct frame_reader r = { .start = 0 };
	_cleanup_(buf_done) struct buf stream = { .p = NULL };
	struct ovd_view first, second;

	put_frame(&stream, "first secret");
	put_frame(&stream, "second");
	feed(&r, stream.p, stream.n, stream.n);
	CHECK_INT(frame_next(&r, &first, NULL), 1);
	CHECK_INT(frame_next(&r, &second, NULL), 1);
	CHECK_BYTES(first.p, zeros, first.n);
	CHECK_VIEW(second, "second");
	CHECK_INT(frame_next(&r, &first, NULL), 0);
	CHECK_BYTES(second.p, zeros, second.n);
	feed(&r, stream.p, stream.n, stream.n);
	CHECK_INT(frame_next(&r, &first, NULL), 1);
	frame_trim(&r);
	CHECK_BYTES(first.p, zeros, first.n);
	CHECK_INT(frame_next(&r, &second, NULL), 1);
	CHECK_VIEW(second, "second");
}

/* While little has come of it. */
TEST(what_comes_behind_a_large_one_is_moved_at_once)
{
	enum { LARGE = 100 * 1024 };
	_cleanup_(frame_reader_done) struct frame_reader r = { .start = 0 };
	_cleanup_(freep) char *big = calloc(LARGE, 1);
	const uint32_t n = LARGE;
	struct ovd_view body;
	size_t room;

	feed(&r, &n, 4, 4);
	feed(&r, big, n, n);
	feed(&r, "\3\0\0\0ab", 6, 6);
	CHECK_INT(frame_next(&r, &body, NULL), 1);
	CHECK_INT(frame_next(&r, &body, NULL), 0);
	CHECK(frame_room(&r, &room));
	CHECK_INT(r.in.n, 6);
	for (size_t i = r.in.n; i < LARGE + 10; i++)
		CHECK_INT(r.in.p[i], 0);
	feed(&r, "c", 1, 1);
	CHECK_INT(frame_next(&r, &body, NULL), 1);
	CHECK_VIEW(body, "abc");
}

/* What is moved within the buffer leaves nothing where it stood. */
TEST(what_was_moved_is_wiped)
{
	static char body[3001];
	_cleanup_(frame_reader_done) struct frame_reader r = { .start = 0 };
	_cleanup_(buf_done) struct buf stream = { .p = NULL };
	struct ovd_view given;
	size_t room;

	memset(body, 's', sizeof(body) - 1);
	put_frame(&stream, body);
	put_frame(&stream, "0123456789");
	feed(&r, stream.p, stream.n - 5, stream.n);
	CHECK_INT(frame_next(&r, &given, NULL), 1);
	CHECK(frame_room(&r, &room));
	CHECK_INT(r.in.n, 9);
	for (size_t i = r.in.n; i < 3000; i++)
		CHECK_INT(r.in.p[i], 0);
	feed(&r, "56789", 5, 5);
	CHECK_INT(frame_next(&r, &given, NULL), 1);
	CHECK_VIEW(given, "0123456789");
}

TEST(end_refuses_the_empty)
{
	_cleanup_(buf_done) struct buf b = { .p = NULL };
	size_t at;

	buf_text(&b, "before");
	CHECK_INT(frame_begin(&b, &at), 0);
	CHECK_INT(frame_end(&b, at), -EMSGSIZE);
	CHECK_VIEW(buf_view(&b), "before");
}
