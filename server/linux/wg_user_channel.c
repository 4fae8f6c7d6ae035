#include "server/linux/wg_user_channel.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "runtime/util.h"
#include "server/linux/wg_pending.h"
#include "server/linux/wg_uapi.h"

struct user_channel {
	struct tunnel tunnel;
	int fd;
	struct buf out, in; /* secret; out: all that is queued */
	size_t looked;      /* of in, for the end of a message */
	struct wg_queue queue;
	struct wg_dump dump;
	bool broken;
	bool inside; /* channel_ready is on the stack, and callbacks of it */
	bool closed; /* meanwhile: it is freed when that returns */
};

static struct user_channel *channel_of(const struct tunnel *t)
{
	return CONTAINER_OF(t, struct user_channel, tunnel);
}

static int channel_fd(const struct tunnel *t)
{
	return channel_of(t)->fd;
}

static short channel_events(const struct tunnel *t)
{
	const struct user_channel *c = channel_of(t);

	return (short)((c->broken ? 0 : POLLIN) |
		       (c->queue.first && c->queue.first->n > 0 ? POLLOUT : 0));
}

/* No further than the first question: wireguard-go reads ahead, and forgets what it has read behind
 * the end of a set. */
static void write_some(struct user_channel *c)
{
	struct wg_pending *p = c->queue.first;
	ssize_t n = 0;

	if (p && p->n > 0)
		n = send(c->fd, c->out.p, p->n, MSG_NOSIGNAL | MSG_DONTWAIT);
	if (n > 0) {
		buf_drop(&c->out, (size_t)n);
		buf_trim(&c->out);
		p->n -= (size_t)n;
	} else if (n < 0 && errno != EAGAIN && errno != EINTR) {
		c->broken = true;
	}
}

static void read_some(struct user_channel *c)
{
	ssize_t n;

	do {
		if (buf_reserve(&c->in, 16384) < 0)
			return;
		n = recv(c->fd, c->in.p + c->in.n, c->in.cap - c->in.n, MSG_DONTWAIT);
		if (n > 0)
			c->in.n += (size_t)n;
	} while (n > 0 && c->in.n == c->in.cap);
	if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
		c->broken = true;
}

static void answer_first(struct user_channel *c, struct ovd_view message)
{
	int r;

	if (!c->queue.first->is_get) {
		wg_queue_end_first(&c->queue, uapi_read_set(message), NULL);
		return;
	}
	r = uapi_read_get(message, &c->dump);
	wg_queue_end_first(&c->queue, r, r == 0 ? &c->dump.state : NULL);
}

static void channel_free(struct user_channel *c)
{
	wg_queue_done(&c->queue);
	wg_dump_done(&c->dump);
	buf_wipe(&c->out);
	buf_wipe(&c->in);
	fd_closep(&c->fd);
	free(c);
}

static void channel_ready(struct tunnel *t)
{
	struct user_channel *c = channel_of(t);
	size_t n;

	write_some(c);
	read_some(c);
	c->inside = true;
	while (c->queue.first && (n = uapi_message(buf_view(&c->in), &c->looked))) {
		answer_first(c, (struct ovd_view){ .p = c->in.p, .n = n });
		buf_drop(&c->in, n);
	}
	buf_trim(&c->in);
	wg_dump_trim(&c->dump);
	write_some(c);
	if (c->broken)
		wg_queue_end_all(&c->queue, -EPIPE);
	c->inside = false;
	if (c->closed)
		channel_free(c);
}

static int begin(struct user_channel *c, bool is_get, const struct tunnel_change *change,
		 tunnel_done_fn *done, void *arg)
{
	size_t had = c->out.n;
	struct wg_pending *p;
	int r;

	if (c->broken)
		return -EPIPE;
	p = wg_queue_new(&c->queue);
	if (!p)
		return -ENOMEM;
	r = is_get ? uapi_put_get(&c->out) : uapi_put_set(&c->out, change);
	if (r < 0) {
		explicit_bzero(c->out.p + had, c->out.n - had);
		c->out.n = had;
		wg_queue_forget(&c->queue, p);
		return r;
	}
	p->is_get = is_get;
	p->n = c->out.n - had;
	p->done = done;
	p->arg = arg;
	wg_queue_put(&c->queue, p);
	write_some(c);
	return 0;
}

static int channel_set(struct tunnel *t, const struct tunnel_change *change, tunnel_done_fn *done,
		       void *arg)
{
	return begin(channel_of(t), false, change, done, arg);
}

static int channel_get(struct tunnel *t, tunnel_done_fn *done, void *arg)
{
	return begin(channel_of(t), true, NULL, done, arg);
}

static void channel_close(struct tunnel *t)
{
	struct user_channel *c = channel_of(t);

	c->broken = true;
	wg_queue_end_all(&c->queue, -ECANCELED);
	if (c->inside)
		c->closed = true;
	else
		channel_free(c);
}

static const struct tunnel_ops channel_ops = {
	.fd = channel_fd,
	.events = channel_events,
	.ready = channel_ready,
	.set = channel_set,
	.get = channel_get,
	.close = channel_close,
};

int wg_user_channel_new(int fd, struct tunnel **ret)
{
	struct user_channel *c = calloc(1, sizeof(*c));

	if (!c)
		return -ENOMEM;
	c->tunnel.ops = &channel_ops;
	c->fd = fd;
	*ret = &c->tunnel;
	return 0;
}
