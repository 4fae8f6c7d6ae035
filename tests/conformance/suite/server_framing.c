/* Lengths and pieces. */
#include <endian.h>
#include <string.h>
#include <time.h>

#include "tests/conformance/suite/server.h"

#define FRAMES "protocol-rules.md, Frames"

/* A frame that asks for status, with id 3. */
#define BODY "{\"frame\":\"request\",\"id\":3,\"request\":{\"op\":\"status\"}}"
#define HEAD "\x34\0\0\0"
_Static_assert(sizeof(BODY) - 1 == 0x34, "the length in HEAD");
static const char whole[] = HEAD BODY;
#define WHOLE (sizeof(whole) - 1)

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
	trial_bytes(t, whole, WHOLE);
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

static void largest(struct trial *t, const struct server_check *check _unused_)
{
	trial_body(t, "%*s" BODY, (int)(FRAME_BODY_MAX - (sizeof(BODY) - 1)), "");
	want_status(t);
	trial_want_alive(t);
}

static void bytewise(struct trial *t, const struct server_check *check _unused_)
{
	for (size_t i = 0; i < WHOLE; i++)
		trial_bytes(t, whole + i, 1);
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
	static const size_t cuts[] = { 1, 2, 3, 4, 5, 30, WHOLE - 1 };

	for (size_t i = 0; i < ARRAY_SIZE(cuts); i++) {
		trial_bytes(t, whole, cuts[i]);
		pause_a_little();
		trial_bytes(t, whole + cuts[i], WHOLE - cuts[i]);
		want_status(t);
	}
}

static void many(struct trial *t, const struct server_check *check _unused_)
{
	char frames[100 * WHOLE];

	for (size_t i = 0; i < 100; i++)
		memcpy(frames + i * WHOLE, whole, WHOLE);
	trial_bytes(t, frames, sizeof(frames));
	for (size_t i = 0; i < 100; i++)
		want_status(t);
}

static void one_and_a_half(struct trial *t, const struct server_check *check _unused_)
{
	char frames[2 * WHOLE];

	memcpy(frames, whole, WHOLE);
	memcpy(frames + WHOLE, whole, WHOLE);
	trial_bytes(t, frames, WHOLE + 9);
	want_status(t);
	trial_bytes(t, frames + WHOLE + 9, WHOLE - 9);
	want_status(t);
}

static void end_behind_request(struct trial *t, const struct server_check *check _unused_)
{
	trial_bytes(t, whole, WHOLE);
	trial_shut(t);
	want_status(t);
	trial_want_end(t);
}

static void end_in_frame(struct trial *t, const struct server_check *check _unused_)
{
	static const size_t cuts[] = { 1, 3, 4, 20 };

	for (size_t i = 0; i < ARRAY_SIZE(cuts); i++) {
		trial_use(t, 1);
		trial_bytes(t, whole, cuts[i]);
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
	t->timeout_ms = MAX(t->timeout_ms, 15000u);
	trial_bytes(t, whole, 20);
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

const struct server_family server_framing = { checks, ARRAY_SIZE(checks) };
