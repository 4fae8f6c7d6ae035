/* What the control channels of both back ends have in common: questions that wait in order, and are
 * each answered once. */
#pragma once

#include "runtime/buf.h"
#include "server/linux/wg_dump.h"
#include "server/net/net.h"

struct wg_channel;

/* What a back end does. None of them calls the functions of net.h. */
struct wg_channel_kind {
	/* Appends a question to c->out: a set, or a get if change is NULL. Negative errno. */
	int (*put)(struct wg_channel *c, const struct tunnel_change *change);

	/* Sends of the first question what can be sent now; `blocked` if more is to follow when the
	 * descriptor can be written to, `broken` if nothing can be any more. Ends no question. */
	void (*send)(struct wg_channel *c);

	/* Reads what is there, and ends what it answers; `broken` at the end of the stream. */
	void (*receive)(struct wg_channel *c);

	/* Frees the channel, after wg_channel_done. */
	void (*free)(struct wg_channel *c);
};

struct wg_question {
	struct wg_question *next;
	bool is_get;
	size_t n; /* its bytes that are still at the front of out */
	tunnel_done_fn *done;
	void *arg;
};

struct wg_channel {
	struct tunnel tunnel;
	const struct wg_channel_kind *kind;
	int fd;
	struct buf out; /* all that is asked and not sent; secret */
	struct wg_question *first, *last, *spare;
	struct wg_dump dump; /* of the answer that is read */
	bool broken, blocked;
	bool inside; /* receive is on the stack, and callbacks of it */
	bool closed; /* meanwhile: it is freed when that returns */
};

/* fd is the channel's from then on. */
void wg_channel_init(struct wg_channel *c, const struct wg_channel_kind *kind, int fd);

/* The first question is answered: what is left of it goes, then whoever asked is told. A get that
 * went well gives c->dump. */
void wg_channel_end_first(struct wg_channel *c, int r);

/* Drops the first n bytes of the first question: they are sent. */
void wg_channel_sent(struct wg_channel *c, size_t n);

/* Closes the descriptor and frees what init and the questions took. */
void wg_channel_done(struct wg_channel *c);
