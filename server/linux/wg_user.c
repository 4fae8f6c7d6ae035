/* Devices of wireguard-go, over its control sockets. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>

#include "runtime/stream_unix.h"
#include "runtime/util.h"
#include "server/linux/link.h"
#include "server/linux/wg_backend.h"
#include "server/linux/wg_process.h"
#include "server/linux/wg_uapi.h"

/* ---- at once ---- */

static int connect_to(struct wg *wg, const char *link)
{
	char path[128];

	return stream_connect(wg_socket_path(wg, link, path));
}

static bool user_is(struct wg *wg, const char *link)
{
	_cleanup_(fd_closep) int fd = connect_to(wg, link);

	return fd >= 0;
}

static int user_make(struct wg *wg, const char *link, bool *ret_made)
{
	int r;

	if (link_index(link)) /* a link of that name, and nobody who answers for it */
		return -EEXIST;
	r = wg_process_start(wg, link);
	*ret_made = r == 0;
	return r;
}

/* One that is no child of ours ends when its device goes. */
static int user_delete(struct wg *wg, const char *link)
{
	const struct timespec moment = { .tv_nsec = 2000000 };
	_cleanup_(fd_closep) int fd = rtnl_open();
	int r = fd < 0 ? fd : 0;

	wg_process_stop(wg, link);
	if (r == 0 && link_index(link))
		r = link_delete(fd, link);
	for (int i = 0; r == 0 && i < WG_SECONDS * 500 && user_is(wg, link); i++)
		nanosleep(&moment, NULL);
	return r;
}

static int write_all(int fd, const struct buf *b)
{
	for (size_t done = 0; done < b->n;) {
		ssize_t n = send(fd, b->p + done, b->n - done, MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		done += (size_t)n;
	}
	return 0;
}

/* Reads up to the end of one message. */
static int read_message(int fd, struct buf *b, size_t *ret_n)
{
	size_t from = 0;

	while (!(*ret_n = uapi_message(buf_view(b), &from))) {
		ssize_t n;

		if (buf_reserve(b, 65536) < 0)
			return -ENOMEM;
		n = recv(fd, b->p + b->n, b->cap - b->n, 0);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? -errno : -EPIPE;
		b->n += (size_t)n;
	}
	return 0;
}

static void wipe(struct buf *b)
{
	if (b->p)
		explicit_bzero(b->p, b->n);
	buf_done(b);
}

/* Sends one message and reads its answer, within WG_SECONDS. */
static int exchange(struct wg *wg, const char *link, const struct buf *question, struct buf *answer,
		    size_t *ret_n)
{
	const struct timeval limit = { .tv_sec = WG_SECONDS };
	_cleanup_(fd_closep) int fd = connect_to(wg, link);
	int r;

	if (fd < 0)
		return fd;
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
	r = write_all(fd, question);
	if (r == 0)
		r = read_message(fd, answer, ret_n);
	return r == -EAGAIN ? -ETIMEDOUT : r;
}

static int user_set(struct wg *wg, const char *link, const struct tunnel_change *change,
		    char *detail _unused_)
{
	_cleanup_(wipe) struct buf question = { .p = NULL };
	_cleanup_(buf_done) struct buf answer = { .p = NULL };
	size_t n;
	int r = uapi_put_set(&question, change);

	if (r == 0)
		r = exchange(wg, link, &question, &answer, &n);
	return r == 0 ? uapi_read_set((struct ovd_view){ .p = answer.p, .n = n }) : r;
}

static int user_get(struct wg *wg, const char *link, struct tunnel_state *ret)
{
	_cleanup_(buf_done) struct buf question = { .p = NULL };
	_cleanup_(wipe) struct buf answer = { .p = NULL };
	_cleanup_(uapi_state_done) struct uapi_state state = { .peers = { .p = NULL } };
	size_t n;
	int r = uapi_put_get(&question);

	if (r == 0)
		r = exchange(wg, link, &question, &answer, &n);
	if (r == 0)
		r = uapi_read_get((struct ovd_view){ .p = answer.p, .n = n }, &state);
	return r == 0 ? wg_state_copy(&state.state, ret) : r;
}

/* ---- on the loop ---- */

/* A question that is not answered yet. wireguard-go reads ahead and forgets what it read behind the
 * end of a set: each waits for the answer to the one before. */
struct pending {
	struct pending *next;
	bool is_get;
	size_t unsent; /* of its bytes, which lie in user_tunnel.out */
	tunnel_done_fn *done;
	void *arg;
};

struct user_tunnel {
	struct tunnel tunnel;
	int fd;
	struct buf out, in;
	size_t looked; /* of in, for the end of a message */
	struct pending *first, **end, *spare;
	struct uapi_state state;
	bool broken;
	bool inside; /* channel_ready is on the stack, and callbacks of it */
	bool closed; /* meanwhile: it is freed when that returns */
};

static struct user_tunnel *user_of(const struct tunnel *t)
{
	return CONTAINER_OF(t, struct user_tunnel, tunnel);
}

static int channel_fd(const struct tunnel *t)
{
	return user_of(t)->fd;
}

static short channel_events(const struct tunnel *t)
{
	const struct user_tunnel *u = user_of(t);

	return (short)((u->first || !u->broken ? POLLIN : 0) |
		       (u->first && u->first->unsent > 0 ? POLLOUT : 0));
}

static void write_some(struct user_tunnel *u)
{
	struct pending *p = u->first;
	ssize_t n = 0;

	if (p && p->unsent > 0)
		n = send(u->fd, u->out.p, p->unsent, MSG_NOSIGNAL | MSG_DONTWAIT);
	if (n > 0) {
		explicit_bzero(u->out.p, (size_t)n);
		buf_drop(&u->out, (size_t)n);
		p->unsent -= (size_t)n;
	} else if (n < 0 && errno != EAGAIN && errno != EINTR) {
		u->broken = true;
	}
}

static void read_some(struct user_tunnel *u)
{
	ssize_t n;

	do {
		if (buf_reserve(&u->in, 16384) < 0)
			return;
		n = recv(u->fd, u->in.p + u->in.n, u->in.cap - u->in.n, MSG_DONTWAIT);
		if (n > 0)
			u->in.n += (size_t)n;
	} while (n > 0 && u->in.n == u->in.cap);
	if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
		u->broken = true;
}

static void end_first(struct user_tunnel *u, int r, const struct tunnel_state *state)
{
	struct pending *p = u->first;
	tunnel_done_fn *done = p->done;
	void *arg = p->arg;

	u->first = p->next;
	if (!u->first)
		u->end = &u->first;
	p->next = u->spare;
	u->spare = p;
	done(arg, r, state);
}

static void end_all(struct user_tunnel *u, int r)
{
	while (u->first)
		end_first(u, r, NULL);
}

static void answer_first(struct user_tunnel *u, struct ovd_view message)
{
	int r;

	if (!u->first->is_get) {
		end_first(u, uapi_read_set(message), NULL);
		return;
	}
	r = uapi_read_get(message, &u->state);
	end_first(u, r, r == 0 ? &u->state.state : NULL);
}

static void user_free(struct user_tunnel *u)
{
	while (u->spare) {
		struct pending *p = u->spare;

		u->spare = p->next;
		free(p);
	}
	fd_closep(&u->fd);
	wipe(&u->out);
	wipe(&u->in);
	uapi_state_done(&u->state);
	free(u);
}

static void channel_ready(struct tunnel *t)
{
	struct user_tunnel *u = user_of(t);
	size_t n;

	write_some(u);
	read_some(u);
	u->inside = true;
	while (u->first && (n = uapi_message(buf_view(&u->in), &u->looked))) {
		answer_first(u, (struct ovd_view){ .p = u->in.p, .n = n });
		buf_drop(&u->in, n);
	}
	write_some(u);
	if (u->broken)
		end_all(u, -EPIPE);
	u->inside = false;
	if (u->closed)
		user_free(u);
}

static struct pending *pending_new(struct user_tunnel *u)
{
	struct pending *p = u->spare;

	if (p)
		u->spare = p->next;
	return p ? p : malloc(sizeof(*p));
}

static int begin(struct user_tunnel *u, bool is_get, const struct tunnel_change *change,
		 tunnel_done_fn *done, void *arg)
{
	size_t had = u->out.n;
	struct pending *p;
	int r;

	if (u->broken)
		return -EPIPE;
	p = pending_new(u);
	if (!p)
		return -ENOMEM;
	r = is_get ? uapi_put_get(&u->out) : uapi_put_set(&u->out, change);
	if (r < 0) {
		u->out.n = had;
		p->next = u->spare;
		u->spare = p;
		return r;
	}
	*p = (struct pending){
		.is_get = is_get, .unsent = u->out.n - had, .done = done, .arg = arg
	};
	*u->end = p;
	u->end = &p->next;
	write_some(u);
	return 0;
}

static int channel_set(struct tunnel *t, const struct tunnel_change *change, tunnel_done_fn *done,
		       void *arg)
{
	return begin(user_of(t), false, change, done, arg);
}

static int channel_get(struct tunnel *t, tunnel_done_fn *done, void *arg)
{
	return begin(user_of(t), true, NULL, done, arg);
}

static void channel_close(struct tunnel *t)
{
	struct user_tunnel *u = user_of(t);

	u->broken = true;
	end_all(u, -ECANCELED);
	if (u->inside)
		u->closed = true;
	else
		user_free(u);
}

static const struct tunnel_ops channel_ops = {
	.fd = channel_fd,
	.events = channel_events,
	.ready = channel_ready,
	.set = channel_set,
	.get = channel_get,
	.close = channel_close,
};

static int user_open(struct wg *wg, const char *link, struct tunnel **ret)
{
	struct user_tunnel *u = calloc(1, sizeof(*u));

	if (!u)
		return -ENOMEM;
	u->tunnel.ops = &channel_ops;
	u->end = &u->first;
	u->fd = connect_to(wg, link);
	if (u->fd < 0) {
		int r = u->fd;

		free(u);
		return r;
	}
	fcntl(u->fd, F_SETFL, O_NONBLOCK);
	*ret = &u->tunnel;
	return 0;
}

const struct wg_backend wg_user = {
	.make = user_make,
	.is = user_is,
	.delete = user_delete,
	.set = user_set,
	.get = user_get,
	.open = user_open,
};
