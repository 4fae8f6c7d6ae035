#include "runtime/frame.h"

#include <endian.h>

#define ROOM_LEAST 4096
#define KEPT_MOST  (64 * 1024)

/* Takes back the NUL behind the body that was lent, and the body. */
static void end_loan(struct frame_reader *r)
{
	if (!r->lent)
		return;
	r->in.p[r->lent] = r->kept;
	explicit_bzero(r->in.p + r->lent - r->lent_n, r->lent_n);
	r->lent = r->lent_n = 0;
}

/* What stood before was wiped when its loan ended. */
static void move_to_front(struct frame_reader *r)
{
	size_t pending = r->in.n - r->start, kept = MAX(pending, r->start);

	memmove(r->in.p, r->in.p + r->start, pending);
	explicit_bzero(r->in.p + kept, r->in.n - kept);
	r->in.n = pending;
	r->start = 0;
}

static int widen(struct frame_reader *r)
{
	return buf_grow(&r->in, r->in.cap ? r->in.cap : ROOM_LEAST);
}

char *frame_room(struct frame_reader *r, size_t *ret_n)
{
	size_t pending;

	end_loan(r);
	pending = r->in.n - r->start;
	if (r->start > 0 && (pending == 0 || r->in.cap - r->in.n < ROOM_LEAST ||
			     r->start > KEPT_MOST)) /* before there is much to move */
		move_to_front(r);
	if ((r->in.cap - r->in.n < ROOM_LEAST / 2 || !r->in.p) && widen(r) < 0)
		return NULL;
	*ret_n = r->in.cap - r->in.n;
	return r->in.p + r->in.n;
}

void frame_filled(struct frame_reader *r, size_t n)
{
	r->in.n += n;
}

int frame_next(struct frame_reader *r, struct ovd_view *ret_body, uint32_t *ret_n)
{
	size_t pending = r->in.n - r->start;
	const char *head;
	uint32_t n;

	end_loan(r);
	if (pending < FRAME_HEAD)
		return 0;
	head = r->in.p + r->start;
	memcpy(&n, head, FRAME_HEAD);
	n = le32toh(n);
	if (ret_n)
		*ret_n = n;
	if (n > FRAME_BODY_MAX)
		return -EMSGSIZE;
	if (n == 0) {
		r->start += FRAME_HEAD;
		return -EBADMSG;
	}
	if (pending - FRAME_HEAD < n)
		return 0;
	r->start += FRAME_HEAD + n;
	r->lent = r->start;
	r->lent_n = n;
	r->kept = r->in.p[r->lent];
	r->in.p[r->lent] = '\0';
	*ret_body = (struct ovd_view){ .p = head + FRAME_HEAD, .n = n };
	return 1;
}

bool frame_pending(const struct frame_reader *r)
{
	return r->in.n > r->start;
}

void frame_trim(struct frame_reader *r)
{
	end_loan(r);
	if (r->in.cap <= KEPT_MOST || frame_pending(r))
		return;
	buf_done(&r->in); /* all that was in there is wiped */
	*r = (struct frame_reader){ .start = 0 };
}

void frame_reader_done(struct frame_reader *r)
{
	if (r->in.p)
		explicit_bzero(r->in.p, r->in.n);
	buf_done(&r->in);
	*r = (struct frame_reader){ .start = 0 };
}

int frame_begin(struct buf *b, size_t *ret_at)
{
	const uint32_t none = 0;
	size_t at = b->n;

	if (buf_append(b, &none, FRAME_HEAD) < 0)
		return -ENOMEM;
	*ret_at = at;
	return 0;
}

int frame_end(struct buf *b, size_t at)
{
	size_t n = b->n - at - FRAME_HEAD;
	uint32_t head = htole32((uint32_t)n);

	if (n == 0 || n > FRAME_BODY_MAX) {
		b->n = at;
		return -EMSGSIZE;
	}
	memcpy(b->p + at, &head, FRAME_HEAD);
	return 0;
}
