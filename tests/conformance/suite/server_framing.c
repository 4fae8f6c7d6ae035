/* Lengths and pieces. */
#include <endian.h>
#include <string.h>
#include <time.h>

#include "tests/conformance/suite/server.h"

#define FRAMES "protocol-rules.md, Frames"

/* A frame that asks for status, with id 3, in the trial's codec. */
#define BODY      "{\"frame\":\"request\",\"id\":3,\"request\":{\"op\":\"status\"}}"
#define WHOLE_MAX 64

struct whole {
	char p[WHOLE_MAX];
	size_t n;
};

static struct whole make_whole(struct trial *t)
{
	static const char json[sizeof(BODY) + BUF_SLACK] = BODY;
	_cleanup_(buf_done) struct buf frame = { .p = NULL };
	struct whole whole = { .n = 0 };

	if (trial_frame(t, (struct ovd_view){ json, sizeof(BODY) - 1 }, &frame) < 0 ||
	    frame.n > WHOLE_MAX)
		trial_fail(t, "no memory");
	else
		memcpy(whole.p, frame.p, whole.n = frame.n);
	return whole;
}

/* The whole of it, or the last piece. */
static void send_end(struct trial *t, const struct whole *whole, size_t from)
{
	trial_bytes(t, whole->p + from, whole->n - from);
	trial_spoke(t);
}

static void announce(struct trial *t, uint32_t n)
{
	n = htole32(n);
	trial_bytes(t, &n, sizeof(n));
}

static void want_status(struct trial *t)
{
	t->id = 3;
	trial_want(t, OVD_RESPONSE_STATUS);
}

static void one(struct trial *t, const struct server_check *check _unused_)
{
	const struct whole whole = make_whole(t);

	send_end(t, &whole, 0);
	want_status(t);
}

static void length_zero(struct trial *t, const struct server_check *check _unused_)
{
	announce(t, 0);
	trial_want_err_id(t, 0);
	trial_want_alive(t);
}

static void oversized(struct trial *t, const struct server_check *check _unused_)
{
	announce(t, FRAME_BODY_MAX + 1);
	trial_want_err_id(t, 0);
	trial_want_end(t);
}

static void most_oversized(struct trial *t, const struct server_check *check _unused_)
{
	announce(t, UINT32_MAX);
	trial_want_err_id(t, 0);
	trial_want_end(t);
}

/* Much of nothing before the document, or in a field of the number 1000, whose length is one of 4
 * bytes. */
static void largest(struct trial *t, const struct server_check *check _unused_)
{
	const struct whole whole = make_whole(t);
	size_t head = sizeof(uint32_t), n = FRAME_BODY_MAX - (whole.n - head), rest = n - 6;
	const char field[] = { '\xc2',
			       '\x3e',
			       (char)(rest | 0x80),
			       (char)(rest >> 7 | 0x80),
			       (char)(rest >> 14 | 0x80),
			       (char)(rest >> 21) };
	_cleanup_(freep) char *filling = malloc(n);

	if (!filling) {
		trial_fail(t, "no memory");
		return;
	}
	memset(filling, ' ', n);
	announce(t, FRAME_BODY_MAX);
	if (t->codec == OVD_CODEC_JSON)
		trial_bytes(t, filling, n);
	send_end(t, &whole, head);
	memcpy(filling, field, sizeof(field));
	if (t->codec == OVD_CODEC_PROTOBUF)
		trial_bytes(t, filling, n);
	want_status(t);
	trial_want_alive(t);
}

static void bytewise(struct trial *t, const struct server_check *check _unused_)
{
	const struct whole whole = make_whole(t);

	for (size_t i = 0; i + 1 < whole.n; i++)
		trial_bytes(t, whole.p + i, 1);
	send_end(t, &whole, whole.n - 1);
	want_status(t);
}

/* Long enough for the daemon to have read what was written, mostly; if not, nothing is lost but the
 * point of the check. */
static void pause_a_little(void)
{
	const struct timespec pause = { .tv_nsec = 10000000 };

	nanosleep(&pause, NULL);
}

static void halves(struct trial *t, const struct server_check *check _unused_)
{
	const struct whole whole = make_whole(t);
	const size_t cuts[] = { 1, 2, 3, 4, 5, whole.n / 2, whole.n - 1 };

	for (size_t i = 0; i < ARRAY_SIZE(cuts); i++) {
		trial_bytes(t, whole.p, cuts[i]);
		pause_a_little();
		send_end(t, &whole, cuts[i]);
		want_status(t);
	}
}

static void many(struct trial *t, const struct server_check *check _unused_)
{
	const struct whole whole = make_whole(t);
	char frames[100 * WHOLE_MAX];

	for (size_t i = 0; i < 100; i++)
		memcpy(frames + i * whole.n, whole.p, whole.n);
	trial_bytes(t, frames, 100 * whole.n);
	trial_spoke(t);
	for (size_t i = 0; i < 100; i++)
		want_status(t);
}

static void one_and_a_half(struct trial *t, const struct server_check *check _unused_)
{
	const struct whole whole = make_whole(t);
	char frames[2 * WHOLE_MAX];

	memcpy(frames, whole.p, whole.n);
	memcpy(frames + whole.n, whole.p, whole.n);
	trial_bytes(t, frames, whole.n + 9);
	trial_spoke(t);
	want_status(t);
	send_end(t, &whole, 9);
	want_status(t);
}

static void end_behind_request(struct trial *t, const struct server_check *check _unused_)
{
	const struct whole whole = make_whole(t);

	send_end(t, &whole, 0);
	trial_shut(t);
	want_status(t);
	trial_want_end(t);
}

static void end_in_frame(struct trial *t, const struct server_check *check _unused_)
{
	static const size_t cuts[] = { 1, 3, 4, 9 };
	const struct whole whole = make_whole(t);

	for (size_t i = 0; i < ARRAY_SIZE(cuts); i++) {
		trial_use(t, 1);
		trial_bytes(t, whole.p, cuts[i]);
		trial_close(t);
		trial_use(t, 0);
		trial_want_alive(t);
	}
}

static void silent(struct trial *t, const struct server_check *check _unused_)
{
	trial_use(t, 1);
	announce(t, FRAME_BODY_MAX);
	trial_use(t, 0);
	trial_want_alive(t);
}

static void unfinished(struct trial *t, const struct server_check *check _unused_)
{
	const struct whole whole = make_whole(t);

	t->timeout_ms = MAX(t->timeout_ms, 15000u);
	trial_bytes(t, whole.p, 9);
	trial_want_end(t);
}

static const struct server_check checks[] = {
	{ "framing.one",
	  "A frame is a length, u32 little-endian, and a body; a request has an answer "
	  "with its id.",
	  FRAMES, .run = one },
	{ "framing.length-zero", "Length 0 gets an err with id 0 and the connection goes on.",
	  FRAMES, .run = length_zero },
	{ "framing.oversized",
	  "A length of 8,388,609 gets an err with id 0 and the connection ends.", FRAMES,
	  .run = oversized },
	{ "framing.oversized-most",
	  "A length of 2^32-1 gets an err with id 0 and the connection ends.", FRAMES,
	  .run = most_oversized },
	{ "framing.largest", "A body may have 8,388,608 bytes.", FRAMES, .run = largest },
	{ "framing.bytewise", "A frame may come in single bytes.", FRAMES, .run = bytewise },
	{ "framing.halves", "A frame may come in two pieces, cut anywhere.", FRAMES,
	  .run = halves },
	{ "framing.many-in-one-write", "Many frames may come at once; each has its answer.", FRAMES,
	  .run = many },
	{ "framing.one-and-a-half", "A frame is answered while the next one is not whole.", FRAMES,
	  .run = one_and_a_half },
	{ "framing.end-behind-request",
	  "A client that sends no more hears the answers it is owed; then "
	  "the connection ends.",
	  FRAMES, .run = end_behind_request },
	{ "framing.end-in-frame", "A client that leaves inside a frame disturbs no other.", FRAMES,
	  .run = end_in_frame },
	{ "framing.silent", "A client that announces a frame and is silent holds up no other.",
	  FRAMES, .run = silent },
	{ "framing.unfinished",
	  "A frame must be whole within 10 seconds of its first byte; then the "
	  "connection ends.",
	  FRAMES, .run = unfinished, .needs = NEEDS_SLOW },
};

const struct server_family server_framing = { .checks = checks, .n = ARRAY_SIZE(checks) };
