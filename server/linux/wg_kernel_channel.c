#include "server/linux/wg_kernel_channel.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "runtime/util.h"
#include "server/engine/step.h"
#include "server/linux/rtnl.h"
#include "server/linux/wg_channel.h"

#define ANSWER_MAX 32768 /* the kernel makes dumps of up to 32 KiB */
#define DUMP_TRIES 16
#define READS_MAX  2 /* answers taken at a time, so that a long dump lets others in between */

struct kernel_channel {
	struct wg_channel base;
	uint32_t sequence;
	struct wg_device device;
	char link[LINK_NAME_MAX];
	bool asked; /* the first message of out was sent, its answer is awaited */
	int tries;  /* of the dump that is running */
	bool interrupted;
	int unread; /* why a part of the dump could not be read */
	char in[ANSWER_MAX] __attribute__((aligned(NLMSG_ALIGNTO)));
};

static struct kernel_channel *kernel_of(struct wg_channel *c)
{
	return CONTAINER_OF(c, struct kernel_channel, base);
}

static struct nlmsghdr *first_message(const struct kernel_channel *k)
{
	return (struct nlmsghdr *)(void *)k->base.out.p;
}

static int put(struct wg_channel *c, const struct tunnel_change *change)
{
	const struct wg_device *device = &kernel_of(c)->device;

	return change ? wg_netlink_put_set(&c->out, device, change)
		      : wg_netlink_put_get(&c->out, device);
}

/* One message at a time: the kernel carries it out before send returns, and its answer always has
 * room. One in a turn of the loop, as a message of new peers costs a key agreement for each. */
static void send_first(struct wg_channel *c)
{
	struct kernel_channel *k = kernel_of(c);
	struct nlmsghdr *message;

	if (c->broken || !c->first || k->asked)
		return;
	message = first_message(k);
	message->nlmsg_seq = ++k->sequence;
	k->interrupted = false;
	k->unread = 0;
	k->asked = true;
	wg_dump_begin(&c->dump);
	if (send(c->fd, message, message->nlmsg_len, MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
		c->broken = true;
}

static void end_first(struct kernel_channel *k, int r)
{
	k->tries = 0;
	if (r == 0)
		wg_dump_end(&k->base.dump);
	wg_channel_end_first(&k->base, r);
}

/* The answer to the first message is complete. */
static void answered(struct kernel_channel *k, int r)
{
	size_t n = first_message(k)->nlmsg_len;

	k->asked = false;
	if (r == 0 && k->interrupted && ++k->tries < DUMP_TRIES)
		return;
	if (r < 0 || n == k->base.first->n)
		end_first(k, r == 0 && k->interrupted ? -EAGAIN : r);
	else
		wg_channel_sent(&k->base, n);
}

static void take_message(struct kernel_channel *k, const struct nlmsghdr *message)
{
	if (!k->base.first || !k->asked || message->nlmsg_seq != k->sequence)
		return;
	k->interrupted |= message->nlmsg_flags & NLM_F_DUMP_INTR;
	if (message->nlmsg_type == NLMSG_DONE) {
		answered(k, rtnl_result(message) ?: k->unread);
	} else if (message->nlmsg_type == NLMSG_ERROR) {
		answered(k, rtnl_result(message));
	} else if (message->nlmsg_type == k->device.family && k->unread == 0) {
		k->unread = wg_netlink_read(message, &k->base.dump);
	}
}

/* One datagram, which may tell the private key; false when there is none. */
static bool read_some(struct kernel_channel *k)
{
	ssize_t n = recv(k->base.fd, k->in, sizeof(k->in), MSG_DONTWAIT | MSG_TRUNC);
	size_t whole;

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return false;
	whole = n > 0 ? MIN((size_t)n, sizeof(k->in)) : 0;
	if (n <= 0 || (size_t)n > sizeof(k->in)) {
		explicit_bzero(k->in, whole);
		k->base.broken = true;
		return false;
	}
	for (const struct nlmsghdr *m = (const void *)k->in; NLMSG_OK(m, (size_t)n);
	     m = NLMSG_NEXT(m, n))
		take_message(k, m);
	explicit_bzero(k->in, whole);
	return true;
}

static void receive(struct wg_channel *c)
{
	struct kernel_channel *k = kernel_of(c);

	for (int i = 0; i < READS_MAX && read_some(k); i++)
		;
}

static void channel_free(struct wg_channel *c)
{
	wg_channel_done(c);
	free(kernel_of(c));
}

static const struct wg_channel_kind kernel_kind = {
	.put = put,
	.send = send_first,
	.receive = receive,
	.free = channel_free,
};

int wg_kernel_channel_new(int fd, const struct wg_device *device, struct tunnel **ret)
{
	struct kernel_channel *k = calloc(1, sizeof(*k));

	if (!k)
		return -ENOMEM;
	wg_channel_init(&k->base, &kernel_kind, fd);
	snprintf(k->link, sizeof(k->link), "%s", device->link);
	k->device = *device;
	k->device.link = k->link;
	*ret = &k->base.tunnel;
	return 0;
}
