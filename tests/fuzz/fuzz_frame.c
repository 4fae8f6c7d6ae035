/* The frame reader: a stream gives the same frames in whatever pieces it comes, they are the ones
 * that are in it, and no body outlives its use. The first two bytes seed the sizes of the pieces.
 */
#include "runtime/frame.h"

#include <stdlib.h>
#include <string.h>

#include "tests/fuzz/fuzz.h"

/* A stream, and how far it has been told and read. */
struct stream {
	struct frame_reader reader;
	struct ovd_view all;
	size_t told, read;
	uint32_t seed;
	bool lost;
	struct ovd_view body; /* that was lent last */
	struct buf again;     /* the bodies as frames */
	size_t n_empty;
};

static size_t below(struct stream *s, size_t n)
{
	s->seed = s->seed * 1103515245 + 12345;
	return n ? (s->seed >> 8) % n : 0;
}

/* Bytes arrive: mostly few, now and then all that there is room for. */
static void tell(struct stream *s)
{
	size_t room, n = below(s, 4) ? below(s, 16) + 1 : SIZE_MAX;
	char *p = frame_room(&s->reader, &room);

	MUST(p && room > 0);
	n = MIN(n, MIN(room, s->all.n - s->told));
	memcpy(p, s->all.p + s->told, n);
	frame_filled(&s->reader, n);
	s->told += n;
	s->body.n = 0; /* its memory may be another's by now */
}

/* What comes next in the bytes told so far. */
static int expected(const struct stream *s, uint32_t *ret_n)
{
	const uint8_t *p = (const uint8_t *)s->all.p + s->read;
	size_t there = s->told - s->read;

	if (there < 4)
		return 0;
	*ret_n = p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
	if (*ret_n == 0 || *ret_n > FRAME_BODY_MAX)
		return *ret_n ? -EMSGSIZE : -EBADMSG;
	return there - 4 >= *ret_n;
}

static void check_wiped(const struct stream *s)
{
	for (size_t i = 0; i < s->body.n; i++)
		MUST(s->body.p[i] == '\0');
}

static void take_body(struct stream *s, struct ovd_view body, uint32_t n)
{
	size_t at;

	MUST(body.n == n && memcmp(body.p, s->all.p + s->read + 4, n) == 0);
	MUST(body.p[n] == '\0');
	for (size_t i = 0; i < BUF_SLACK; i++) /* readable */
		s->seed += (unsigned char)body.p[n + i] & 0u;
	MUST(frame_begin(&s->again, &at) == 0 && buf_append(&s->again, body.p, n) == 0);
	MUST(frame_end(&s->again, at) == 0);
	s->body = body;
}

static int next(struct stream *s)
{
	uint32_t want_n = 0, n = 0;
	struct ovd_view body;
	int want = expected(s, &want_n), r = frame_next(&s->reader, &body, &n);

	MUST(r == want);
	MUST(r == 0 || n == want_n);
	check_wiped(s);
	s->body.n = 0;
	if (r == 1)
		take_body(s, body, n);
	if (r == 1 || r == -EBADMSG)
		s->read += 4 + n;
	s->n_empty += r == -EBADMSG;
	s->lost = r == -EMSGSIZE;
	return r;
}

/* What was read, written again, is what came, without the empty frames. */
static void check_again(const struct stream *s)
{
	const char *p = s->all.p, *end = p + s->read, *again = s->again.p;

	MUST(s->again.n + 4 * s->n_empty == s->read);
	while (p < end) {
		uint32_t n = 4 + ((uint8_t)p[0] | (uint32_t)(uint8_t)p[1] << 8 |
				  (uint32_t)(uint8_t)p[2] << 16);

		if (n > 4) {
			MUST(memcmp(p, again, n) == 0);
			again += n;
		}
		p += n;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct fuzz_input in = { data, n };
	struct stream s = { .seed = input_byte(&in) };

	s.seed = s.seed << 8 | input_byte(&in);
	s.all = input_take(&in, in.n);
	while (s.told < s.all.n && !s.lost) {
		tell(&s);
		while (!s.lost && next(&s) != 0)
			;
		MUST(s.lost || frame_pending(&s.reader) == (s.told > s.read));
		if (below(&s, 4) == 0)
			frame_trim(&s.reader);
	}
	check_again(&s);
	frame_reader_done(&s.reader);
	buf_done(&s.again);
	return 0;
}
