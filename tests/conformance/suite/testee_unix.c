#include "tests/conformance/suite/testee.h"

#include <endian.h>
#include <poll.h>
#include <stdio.h>
#include <sys/wait.h>

#include "runtime/buf.h"
#include "tests/conformance/suite/child.h"

#define PIECE ((size_t)1 << 16)

/* One life of a testee. */
struct life {
	struct child child;
	const struct ovd_view *bodies;
	size_t n_bodies, n_sent, n_answered;
	size_t sent;    /* bytes of the frame that is being written */
	struct buf in;  /* of its answers */
	size_t start;   /* of what was not looked at yet */
	bool wrong;     /* it said something that is no answer */
	char text[120]; /* why it went no further */
};

/* ---- bodies out ---- */

/* What of the frame that is being written is to be written next. */
static struct ovd_view next_piece(const struct life *l, uint32_t *head)
{
	const struct ovd_view *body = &l->bodies[l->n_sent];

	*head = htole32((uint32_t)body->n);
	if (l->sent < sizeof(*head))
		return (struct ovd_view){ (const char *)head + l->sent, sizeof(*head) - l->sent };
	return (struct ovd_view){ body->p + l->sent - sizeof(*head),
				  body->n + sizeof(*head) - l->sent };
}

/* Writes what there is room for; closes when all is written. A testee that reads no more is seen
 * when it answers no more. */
static void send_some(struct life *l)
{
	uint32_t head;

	while (l->n_sent < l->n_bodies) {
		struct ovd_view piece = next_piece(l, &head);
		ssize_t n = piece.n > 0 ? write(l->child.in, piece.p, piece.n) : 0;

		if (n < 0 && errno != EAGAIN && errno != EINTR)
			break;
		if (n < 0)
			return;
		l->sent += (size_t)n;
		if (l->sent < sizeof(head) + l->bodies[l->n_sent].n)
			continue;
		l->sent = 0;
		l->n_sent++;
	}
	fd_closep(&l->child.in);
}

/* ---- answers in ---- */

/* The next answer that is whole: 1, 0 for not yet, -EBADMSG for what is none. */
static int next_answer(struct life *l, struct answer *ret)
{
	const char *p = l->in.p + l->start;
	uint32_t n;

	if (l->in.n - l->start < sizeof(n))
		return 0;
	memcpy(&n, p, sizeof(n));
	n = le32toh(n);
	if (n == 0 || n > TESTEE_ANSWER_MAX) {
		snprintf(l->text, sizeof(l->text), "an answer of %u bytes", n);
		return -EBADMSG;
	}
	if (l->in.n - l->start - sizeof(n) < n)
		return 0;
	p += sizeof(n);
	if (*p != 'A' && *p != 'R') {
		snprintf(l->text, sizeof(l->text), "an answer that begins with the byte 0x%02x",
			 (unsigned)(unsigned char)*p);
		return -EBADMSG;
	}
	*ret = (struct answer){ .given = true, .accepted = *p == 'A', .text = { p + 1, n - 1 } };
	l->start += sizeof(n) + n;
	return 1;
}

/* Reads what is there: 1, 0 at the end. */
static int read_some(struct life *l)
{
	ssize_t n;

	if (l->start > 0)
		buf_drop(&l->in, l->start);
	l->start = 0;
	if (buf_reserve(&l->in, PIECE) < 0)
		return -ENOMEM;
	n = read(l->child.out, l->in.p + l->in.n, PIECE);
	if (n < 0)
		return errno == EAGAIN || errno == EINTR ? 1 : 0;
	l->in.n += (size_t)n;
	return n > 0;
}

/* Waits until something can be done: 1, or 0 if nothing could for too long. */
static int wait_for(const struct life *l, unsigned ms)
{
	struct pollfd fds[] = { { .fd = l->child.out, .events = POLLIN },
				{ .fd = l->child.in, .events = POLLOUT } };
	int n;

	do
		n = poll(fds, ARRAY_SIZE(fds), (int)ms);
	while (n < 0 && errno == EINTR);
	return n > 0;
}

/* ---- a life ---- */

/* Until all is answered and it has ended: 0; 1 if it goes no further; what each says. */
static int live(struct life *l, const struct testee *testee, size_t from,
		int (*each)(void *arg, size_t i, const struct answer *answer), void *arg)
{
	struct answer answer;
	int r;

	for (;;) {
		if (!wait_for(l, testee->timeout_ms)) {
			snprintf(l->text, sizeof(l->text), "nothing for %u ms", testee->timeout_ms);
			l->wrong = true;
			return 1;
		}
		send_some(l);
		r = read_some(l);
		if (r <= 0)
			return r < 0 ? r : l->n_answered < l->n_bodies || l->in.n > 0;
		while ((r = next_answer(l, &answer)) > 0 && l->n_answered < l->n_bodies) {
			r = each(arg, from + l->n_answered++, &answer);
			if (r != 0)
				return r;
		}
		if (r > 0)
			snprintf(l->text, sizeof(l->text), "more answers than bodies");
		l->wrong = r != 0;
		if (l->wrong)
			return 1;
	}
}

/* Why it went no further. */
static void tell_end(struct life *l, int status)
{
	if (l->wrong)
		return;
	if (WIFSIGNALED(status))
		snprintf(l->text, sizeof(l->text), "it was ended by signal %d", WTERMSIG(status));
	else
		snprintf(l->text, sizeof(l->text), "it ended with status %d%s", WEXITSTATUS(status),
			 l->in.n > l->start ? " inside an answer" : "");
}

static int one_life(const struct testee *testee, struct life *l, size_t from,
		    int (*each)(void *arg, size_t i, const struct answer *answer), void *arg,
		    struct testee_end *end)
{
	const char *codec = testee->codec == OVD_CODEC_JSON ? NULL : "--codec";
	int r = child_start(testee->argv,
			    (const char *const[]){ "--type", testee->type, codec,
						   codec ? codec_name(testee->codec) : NULL, NULL },
			    &l->child),
	    status;

	if (r < 0) {
		snprintf(end->text, sizeof(end->text), "%s", strerror(-r));
		return -ENOEXEC;
	}
	r = live(l, testee, from, each, arg);
	status = child_end(&l->child, l->wrong || r < 0 ? 0 : testee->timeout_ms);
	tell_end(l, status);
	end->clean = r == 0 && status == 0;
	snprintf(end->text, sizeof(end->text), "%s", l->text);
	return r;
}

/* The answer that a body got no answer. */
static int answer_nothing(size_t i, const char *text,
			  int (*each)(void *arg, size_t i, const struct answer *answer), void *arg)
{
	return each(arg, i, &(struct answer){ .text = view(text) });
}

int testee_run(const struct testee *testee, const struct ovd_view *bodies, size_t n,
	       int (*each)(void *arg, size_t i, const struct answer *answer), void *arg,
	       struct testee_end *end)
{
	size_t from = 0;
	int r = 1;

	*end = (struct testee_end){ .clean = false };
	for (int i = 0; i < TESTEE_STARTS && r == 1; i++) {
		struct life l = { .bodies = bodies + from, .n_bodies = n - from };

		r = one_life(testee, &l, from, each, arg, end);
		from += l.n_answered;
		if (r == 1 && from == n)
			r = 0; /* all is answered; what it did then is in *end */
		else if (r == 1)
			r = answer_nothing(from++, l.text, each, arg) < 0 ? -ENOMEM : from < n;
		buf_done(&l.in);
	}
	while (r == 1 && from < n)
		if (answer_nothing(from++, "it ended too often: not tried", each, arg) < 0)
			return -ENOMEM;
	return r == 1 ? 0 : r;
}
