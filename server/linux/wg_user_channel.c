#include "server/linux/wg_user_channel.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "runtime/util.h"
#include "server/linux/wg_channel.h"
#include "server/linux/wg_uapi.h"

#define READ_MAX 32768

struct user_channel {
	struct wg_channel base;
	struct buf in;             /* secret */
	struct uapi_answer answer; /* to the first question */
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

/* False when there is nothing more for now. */
static bool read_some(struct wg_channel *c)
{
	struct buf *in = &user_of(c)->in;
	ssize_t n;

	if (buf_reserve(in, READ_MAX) < 0)
		return false;
	n = recv(c->fd, in->p + in->n, READ_MAX, MSG_DONTWAIT);
	if (n > 0)
		in->n += (size_t)n;
	if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
		c->broken = true;
	return n > 0;
}

/* The last line of the first question's answer was read. */
static void end_first(struct user_channel *u)
{
	struct wg_channel *c = &u->base;
	int r = uapi_result(&u->answer);

	u->answer = (struct uapi_answer){ .ended = false };
	if (r == 0 && c->first->is_get)
		wg_dump_end(&c->dump);
	wg_channel_end_first(c, r);
	wg_dump_begin(&c->dump);
}

/* One piece: a long answer lets others in between. */
static void receive(struct wg_channel *c)
{
	struct user_channel *u = user_of(c);
	size_t n = 0;

	if (!read_some(c))
		return;
	while (c->first && n < u->in.n) {
		const struct ovd_view rest = { .p = u->in.p + n, .n = u->in.n - n };

		n += uapi_read(&u->answer, rest, c->first->is_get ? &c->dump : NULL);
		if (!u->answer.ended)
			break;
		end_first(u);
	}
	buf_drop(&u->in, n);
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
