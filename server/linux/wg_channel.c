#include "server/linux/wg_channel.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/util.h"

static struct wg_channel *channel_of(const struct tunnel *t)
{
	return CONTAINER_OF(t, struct wg_channel, tunnel);
}

/* ---- questions ---- */

static struct wg_question *question_new(struct wg_channel *c)
{
	struct wg_question *q = c->spare;

	if (!q)
		return calloc(1, sizeof(*q));
	c->spare = q->next;
	*q = (struct wg_question){ .next = NULL };
	return q;
}

static void question_forget(struct wg_channel *c, struct wg_question *q)
{
	q->next = c->spare;
	c->spare = q;
}

static void queue(struct wg_channel *c, struct wg_question *q)
{
	if (c->first)
		c->last->next = q;
	else
		c->first = q;
	c->last = q;
}

void wg_channel_sent(struct wg_channel *c, size_t n)
{
	buf_drop(&c->out, n);
	c->first->n -= n;
}

void wg_channel_end_first(struct wg_channel *c, int r)
{
	struct wg_question *q = c->first;
	tunnel_done_fn *done = q->done;
	void *arg = q->arg;
	bool state = r == 0 && q->is_get;

	wg_channel_sent(c, q->n);
	buf_trim(&c->out);
	c->first = q->next;
	question_forget(c, q);
	done(arg, r, state ? &c->dump.state : NULL);
	if (state)
		wg_dump_trim(&c->dump);
}

static void end_all(struct wg_channel *c, int r)
{
	while (c->first)
		wg_channel_end_first(c, r);
}

static int ask(struct wg_channel *c, const struct tunnel_change *change, tunnel_done_fn *done,
	       void *arg)
{
	size_t had = c->out.n;
	struct wg_question *q;
	int r;

	if (c->broken)
		return -EPIPE;
	q = question_new(c);
	if (!q)
		return -ENOMEM;
	r = c->kind->put(c, change);
	if (r < 0) {
		explicit_bzero(c->out.p + had, c->out.n - had);
		c->out.n = had;
		question_forget(c, q);
		return r;
	}
	*q = (struct wg_question){
		.is_get = !change, .n = c->out.n - had, .done = done, .arg = arg
	};
	queue(c, q);
	if (!c->inside)
		c->kind->send(c);
	return 0;
}

/* ---- net.h ---- */

static int channel_fd(const struct tunnel *t)
{
	return channel_of(t)->fd;
}

/* A broken one is always ready: what waits is to be told. */
static short channel_events(const struct tunnel *t)
{
	const struct wg_channel *c = channel_of(t);

	if (c->broken)
		return c->first ? POLLOUT : 0;
	return c->blocked ? POLLIN | POLLOUT : POLLIN;
}

static void channel_ready(struct tunnel *t)
{
	struct wg_channel *c = channel_of(t);

	c->inside = true;
	c->kind->send(c);
	c->kind->receive(c);
	c->kind->send(c);
	if (c->broken)
		end_all(c, -EPIPE);
	c->inside = false;
	if (c->closed)
		c->kind->free(c);
}

static int channel_set(struct tunnel *t, const struct tunnel_change *change, tunnel_done_fn *done,
		       void *arg)
{
	return ask(channel_of(t), change, done, arg);
}

static int channel_get(struct tunnel *t, tunnel_done_fn *done, void *arg)
{
	return ask(channel_of(t), NULL, done, arg);
}

static void channel_keep(struct tunnel *t, struct tunnel_state *ret)
{
	wg_dump_keep(&channel_of(t)->dump, ret);
}

static void ignore(void *arg _unused_, int r _unused_, const struct tunnel_state *state _unused_)
{
}

static struct wg_question *first_awaited(const struct wg_channel *c)
{
	struct wg_question *q = c->first;

	while (q && q->done == ignore)
		q = q->next;
	return q;
}

static void channel_abandon(struct tunnel *t)
{
	struct wg_channel *c = channel_of(t);
	struct wg_question *q;

	c->inside = true;
	while ((q = first_awaited(c))) {
		tunnel_done_fn *done = q->done;

		q->done = ignore;
		done(q->arg, -ECANCELED, NULL);
	}
	c->inside = false;
	if (c->closed)
		c->kind->free(c);
	else
		c->kind->send(c);
}

static void channel_close(struct tunnel *t)
{
	struct wg_channel *c = channel_of(t);

	c->broken = true;
	end_all(c, -ECANCELED);
	if (c->inside)
		c->closed = true;
	else
		c->kind->free(c);
}

static const struct tunnel_ops channel_ops = {
	.fd = channel_fd,
	.events = channel_events,
	.ready = channel_ready,
	.set = channel_set,
	.get = channel_get,
	.keep = channel_keep,
	.abandon = channel_abandon,
	.close = channel_close,
};

void wg_channel_init(struct wg_channel *c, const struct wg_channel_kind *kind, int fd)
{
	c->tunnel.ops = &channel_ops;
	c->kind = kind;
	c->fd = fd;
}

void wg_channel_done(struct wg_channel *c)
{
	while (c->spare) {
		struct wg_question *q = c->spare;

		c->spare = q->next;
		free(q);
	}
	buf_wipe(&c->out);
	wg_dump_done(&c->dump);
	fd_closep(&c->fd);
}
