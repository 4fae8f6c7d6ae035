#include "server/linux/wg_user_channel.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "runtime/util.h"
#include "server/linux/wg_channel.h"
#include "server/linux/wg_uapi.h"

struct user_channel {
	struct wg_channel base;
	struct buf in; /* secret */
	size_t looked; /* of in, for the end of a message */
};

static struct user_channel *user_of(struct wg_channel *c)
{
	return CONTAINER_OF(c, struct user_channel, base);
}

static int put(struct wg_channel *c, const struct tunnel_change *change)
{
	return change ? uapi_put_set(&c->out, change) : uapi_put_get(&c->out);
}

/* No further than the first question: wireguard-go reads ahead, and forgets what it has read behind
 * the end of a set. */
static void send_first(struct wg_channel *c)
{
	ssize_t n = 0;

	if (c->broken || !c->first)
		return;
	if (c->first->n > 0)
		n = send(c->fd, c->out.p, c->first->n, MSG_NOSIGNAL | MSG_DONTWAIT);
	if (n > 0) {
		wg_channel_sent(c, (size_t)n);
		buf_trim(&c->out);
	}
	c->broken = n < 0 && errno != EAGAIN && errno != EINTR;
	c->blocked = c->first->n > 0;
}

static void read_some(struct wg_channel *c)
{
	struct buf *in = &user_of(c)->in;
	ssize_t n;

	do {
		if (buf_reserve(in, 16384) < 0)
			return;
		n = recv(c->fd, in->p + in->n, in->cap - in->n, MSG_DONTWAIT);
		if (n > 0)
			in->n += (size_t)n;
	} while (n > 0 && in->n == in->cap);
	if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
		c->broken = true;
}

static void receive(struct wg_channel *c)
{
	struct user_channel *u = user_of(c);
	size_t n;

	read_some(c);
	while (c->first && (n = uapi_message(buf_view(&u->in), &u->looked))) {
		struct ovd_view message = { .p = u->in.p, .n = n };

		wg_channel_end_first(c, c->first->is_get ? uapi_read_get(message, &c->dump)
							 : uapi_read_set(message));
		buf_drop(&u->in, n);
	}
	buf_trim(&u->in);
}

static void channel_free(struct wg_channel *c)
{
	struct user_channel *u = user_of(c);

	wg_channel_done(c);
	buf_wipe(&u->in);
	free(u);
}

static const struct wg_channel_kind user_kind = {
	.put = put,
	.send = send_first,
	.receive = receive,
	.free = channel_free,
};

int wg_user_channel_new(int fd, struct tunnel **ret)
{
	struct user_channel *u = calloc(1, sizeof(*u));

	if (!u)
		return -ENOMEM;
	wg_channel_init(&u->base, &user_kind, fd);
	*ret = &u->base.tunnel;
	return 0;
}
