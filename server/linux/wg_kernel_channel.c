#include "server/linux/wg_kernel_channel.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "runtime/util.h"
#include "server/engine/step.h"
#include "server/linux/wg_pending.h"

#define ANSWER_MAX 32768 /* the kernel makes dumps of up to 32 KiB */
#define DUMP_TRIES 16
#define READS_MAX  8 /* answers taken at a time, so that a long dump lets others in between */

struct kernel_channel {
	struct tunnel tunnel;
	int fd;
	uint32_t sequence;
	struct wg_device device;
	char link[LINK_NAME_MAX];
	struct buf out; /* questions of all that is pending, whole messages; secret */
	struct wg_queue queue;
	bool asked; /* the first message of out was sent, its answer is awaited */
	int tries;  /* of the dump that is running */
	bool interrupted;
	int unread; /* why a part of the dump could not be read */
	struct wg_dump dump;
	bool broken;
	bool inside; /* channel_ready is on the stack, and callbacks of it */
	bool closed; /* meanwhile: it is freed when that returns */
	char in[ANSWER_MAX] __attribute__((aligned(NLMSG_ALIGNTO)));
};

static struct kernel_channel *channel_of(const struct tunnel *t)
{
	return CONTAINER_OF(t, struct kernel_channel, tunnel);
}

static int channel_fd(const struct tunnel *t)
{
	return channel_of(t)->fd;
}

static short channel_events(const struct tunnel *t)
{
	return channel_of(t)->broken ? 0 : POLLIN;
}

static struct nlmsghdr *first_message(const struct kernel_channel *c)
{
	return (struct nlmsghdr *)(void *)c->out.p;
}

/* One message at a time: the kernel carries it out before send returns, and its answer always has
 * room. */
static int ask(struct kernel_channel *c)
{
	struct nlmsghdr *message = first_message(c);

	message->nlmsg_seq = ++c->sequence;
	c->interrupted = false;
	c->unread = 0;
	wg_dump_begin(&c->dump);
	if (send(c->fd, message, message->nlmsg_len, MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
		return -errno;
	c->asked = true;
	return 0;
}

static void end_first(struct kernel_channel *c, int r)
{
	const struct wg_pending *p = c->queue.first;
	bool whole = r == 0 && p->is_get;

	buf_drop(&c->out, p->n);
	c->asked = false;
	c->tries = 0;
	if (whole)
		wg_dump_end(&c->dump);
	wg_queue_end_first(&c->queue, r, whole ? &c->dump.state : NULL);
	buf_trim(&c->out);
	wg_dump_trim(&c->dump);
}

/* The answer to the first message is complete. */
static void answered(struct kernel_channel *c, int r)
{
	struct wg_pending *p = c->queue.first;
	size_t n = first_message(c)->nlmsg_len;

	c->asked = false;
	if (r == 0 && c->interrupted && ++c->tries < DUMP_TRIES)
		return;
	if (r < 0 || n == p->n) {
		end_first(c, r == 0 && c->interrupted ? -EAGAIN : r);
		return;
	}
	buf_drop(&c->out, n);
	p->n -= n;
}

static void ask_if_idle(struct kernel_channel *c)
{
	while (c->queue.first && !c->asked) {
		int r = ask(c);

		if (r < 0)
			end_first(c, r);
	}
}

static void take_message(struct kernel_channel *c, const struct nlmsghdr *message)
{
	const struct nlmsgerr *error = NLMSG_DATA(message);

	if (!c->asked || message->nlmsg_seq != c->sequence)
		return;
	c->interrupted |= message->nlmsg_flags & NLM_F_DUMP_INTR;
	if (message->nlmsg_type == NLMSG_DONE) {
		answered(c, c->unread);
	} else if (message->nlmsg_type == NLMSG_ERROR) {
		answered(c, message->nlmsg_len < NLMSG_LENGTH(sizeof(*error)) ? -EBADMSG
									      : error->error);
	} else if (message->nlmsg_type == c->device.family && c->unread == 0) {
		c->unread = wg_netlink_read(message, &c->dump);
	}
}

/* One datagram, which may tell the private key; false when there is none. */
static bool read_some(struct kernel_channel *c)
{
	ssize_t n = recv(c->fd, c->in, sizeof(c->in), MSG_DONTWAIT | MSG_TRUNC);
	size_t whole;

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return false;
	if (n <= 0 || (size_t)n > sizeof(c->in)) {
		c->broken = true;
		return false;
	}
	whole = (size_t)n;
	for (const struct nlmsghdr *m = (const void *)c->in; NLMSG_OK(m, (size_t)n);
	     m = NLMSG_NEXT(m, n))
		take_message(c, m);
	explicit_bzero(c->in, whole);
	return true;
}

static void channel_free(struct kernel_channel *c)
{
	buf_wipe(&c->out);
	wg_queue_done(&c->queue);
	wg_dump_done(&c->dump);
	fd_closep(&c->fd);
	free(c);
}

static void channel_ready(struct tunnel *t)
{
	struct kernel_channel *c = channel_of(t);

	c->inside = true;
	for (int i = 0; i < READS_MAX && read_some(c); i++)
		ask_if_idle(c);
	if (c->broken)
		wg_queue_end_all(&c->queue, -EPIPE);
	else
		ask_if_idle(c);
	c->inside = false;
	if (c->closed)
		channel_free(c);
}

static int begin(struct kernel_channel *c, bool is_get, const struct tunnel_change *change,
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
	r = is_get ? wg_netlink_put_get(&c->out, &c->device)
		   : wg_netlink_put_set(&c->out, &c->device, change);
	if (r == 0 && !c->queue.first && !c->inside)
		r = ask(c);
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
	struct kernel_channel *c = channel_of(t);

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

int wg_kernel_channel_new(int fd, const struct wg_device *device, struct tunnel **ret)
{
	struct kernel_channel *c = calloc(1, sizeof(*c));

	if (!c)
		return -ENOMEM;
	c->tunnel.ops = &channel_ops;
	c->fd = fd;
	snprintf(c->link, sizeof(c->link), "%s", device->link);
	c->device = *device;
	c->device.link = c->link;
	*ret = &c->tunnel;
	return 0;
}
