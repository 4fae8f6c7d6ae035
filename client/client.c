#include "client/overlayd.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include "runtime/frame.h"
#include "runtime/paths.h"
#include "runtime/stream_unix.h"
#include "runtime/util.h"

#define PAUSE_FIRST_MS 100
#define PAUSE_MOST_MS  1000

/* An answer that came before it was asked for: a body of its own, read when its turn comes. */
struct kept {
	struct kept *next;
	uint64_t id;
	struct buf body;
};

struct ovd_client {
	char *path;
	int fd; /* -1: not connected */
	uint64_t last_id;
	struct frame_reader in;
	struct buf out;
	struct arena arena;
	struct ovd_frame frame; /* the one that was read last */
	struct buf body;        /* of a kept answer that was asked for */
	struct kept *kept;
	struct ovd_fault fault;
	char fault_line[FAULT_LINE_MAX];
	void (*event)(void *arg, const struct ovd_event *event);
	void *event_arg;
};

/* ---- time ---- */

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static int64_t deadline_in(unsigned ms)
{
	return ms == UINT_MAX ? INT64_MAX : now_ms() + ms;
}

/* Waits until the descriptor is ready. -ETIMEDOUT. */
static int wait_for(int fd, short events, int64_t deadline)
{
	struct pollfd watched = { .fd = fd, .events = events };

	for (;;) {
		int64_t left = deadline == INT64_MAX ? -1 : MAX(deadline - now_ms(), (int64_t)0);
		int r = poll(&watched, 1, left > INT_MAX ? INT_MAX : (int)left);

		if (r > 0)
			return 0;
		if (r == 0)
			return -ETIMEDOUT;
		if (errno != EINTR)
			return -errno;
	}
}

/* ---- connection ---- */

static void forget_kept(struct ovd_client *c)
{
	while (c->kept) {
		struct kept *kept = c->kept;

		c->kept = kept->next;
		buf_done(&kept->body);
		free(kept);
	}
}

static int lost(struct ovd_client *c, int r)
{
	fd_closep(&c->fd);
	frame_reader_done(&c->in);
	forget_kept(c);
	return r;
}

static int connect_now(struct ovd_client *c)
{
	int fd = c->fd >= 0 ? c->fd : stream_connect(c->path);

	if (fd < 0)
		return fd;
	c->fd = fd;
	return 0;
}

static int connect_patiently(struct ovd_client *c, unsigned attempts)
{
	unsigned pause = PAUSE_FIRST_MS;
	int r = connect_now(c);

	for (unsigned i = 1; i < attempts && (r == -ENOENT || r == -ECONNREFUSED || r == -EAGAIN);
	     i++) {
		const struct timespec wait = { .tv_sec = pause / 1000,
					       .tv_nsec = (long)(pause % 1000) * 1000000 };

		nanosleep(&wait, NULL);
		pause = MIN(pause * 2, PAUSE_MOST_MS);
		r = connect_now(c);
	}
	return r;
}

static char *default_path(void)
{
	struct paths_env env = paths_env_now();
	char data_dir[PATHS_MAX], path[PATHS_MAX];

	return strdup(paths_socket(&env, paths_data_dir(&env, data_dir), path));
}

int ovd_client_open(const char *path, unsigned attempts, struct ovd_client **ret)
{
	struct ovd_client *c = calloc(1, sizeof(*c));
	int r;

	if (!c)
		return -ENOMEM;
	c->fd = -1;
	c->path = path ? strdup(path) : default_path();
	r = c->path ? connect_patiently(c, attempts) : -ENOMEM;
	if (r < 0) {
		ovd_client_close(c);
		return r;
	}
	*ret = c;
	return 0;
}

void ovd_client_close(struct ovd_client *c)
{
	if (!c)
		return;
	lost(c, 0);
	buf_done(&c->out);
	buf_done(&c->body);
	arena_done(&c->arena);
	free(c->path);
	free(c);
}

/* ---- out ---- */

static int write_out(struct ovd_client *c, int64_t deadline)
{
	size_t done = 0;

	while (done < c->out.n) {
		ssize_t n =
			send(c->fd, c->out.p + done, c->out.n - done, MSG_NOSIGNAL | MSG_DONTWAIT);
		int r;

		if (n >= 0) {
			done += (size_t)n;
			continue;
		}
		if (errno == EINTR)
			continue;
		if (errno != EAGAIN)
			return lost(c, -ECONNRESET);
		r = wait_for(c->fd, POLLOUT, deadline);
		if (r < 0) /* half a frame is out: nothing else can follow it */
			return lost(c, r);
	}
	return 0;
}

static int send_body(struct ovd_client *c, struct ovd_view body, int64_t deadline)
{
	size_t at;
	int r = connect_now(c);

	c->out.n = 0;
	if (r == 0)
		r = frame_begin(&c->out, &at);
	if (r == 0)
		r = buf_append(&c->out, body.p, body.n);
	if (r == 0)
		r = frame_end(&c->out, at);
	return r == 0 ? write_out(c, deadline) : r;
}

static int send_request(struct ovd_client *c, const struct ovd_request *request, int64_t deadline,
			uint64_t *ret_id)
{
	struct ovd_frame frame = { .kind = OVD_FRAME_REQUEST,
				   .request = { .id = c->last_id + 1, .request = *request } };
	size_t at;
	int r = connect_now(c);

	c->out.n = 0;
	if (r == 0)
		r = frame_begin(&c->out, &at);
	if (r == 0)
		r = ovd_frame_encode(&frame, &c->out);
	if (r == 0)
		r = frame_end(&c->out, at);
	if (r == 0)
		r = write_out(c, deadline);
	if (r < 0)
		return r;
	*ret_id = ++c->last_id;
	return 0;
}

/* ---- in ---- */

/* The next frame's body; it lives until the next read. -EAGAIN if it isn't there and deadline is 0.
 */
static int read_body(struct ovd_client *c, int64_t deadline, struct ovd_view *ret)
{
	for (;;) {
		size_t room;
		ssize_t n;
		char *p;
		int r = frame_next(&c->in, ret, NULL);

		if (r == 1)
			return 0;
		if (r < 0)
			return lost(c, -EPROTO);
		r = deadline ? wait_for(c->fd, POLLIN, deadline) : 0;
		if (r < 0)
			return r;
		p = frame_room(&c->in, &room);
		if (!p)
			return -ENOMEM;
		n = recv(c->fd, p, room, MSG_DONTWAIT);
		if (n > 0)
			frame_filled(&c->in, (size_t)n);
		else if (n < 0 && errno == EAGAIN && !deadline)
			return -EAGAIN;
		else if (n == 0 || (errno != EINTR && errno != EAGAIN))
			return lost(c, -ECONNRESET);
	}
}

static int decode(struct ovd_client *c, struct ovd_view body)
{
	int r;

	arena_reset(&c->arena);
	r = ovd_frame_decode(body, &c->arena, &c->frame, &c->fault);
	return r == -EBADMSG ? -EPROTO : r;
}

static int keep(struct ovd_client *c, struct ovd_view body)
{
	struct kept *kept = calloc(1, sizeof(*kept));

	if (!kept)
		return -ENOMEM;
	if (buf_append(&kept->body, body.p, body.n) < 0 || buf_append(&kept->body, "", 1) < 0) {
		buf_done(&kept->body);
		free(kept);
		return -ENOMEM;
	}
	kept->body.n--;
	kept->id = c->frame.response.id;
	kept->next = c->kept;
	c->kept = kept;
	return 0;
}

/* An answer that came earlier. */
static bool take_kept(struct ovd_client *c, uint64_t id)
{
	for (struct kept **at = &c->kept; *at; at = &(*at)->next)
		if ((*at)->id == id) {
			struct kept *kept = *at;

			*at = kept->next;
			buf_done(&c->body);
			c->body = kept->body;
			free(kept);
			return true;
		}
	return false;
}

/* 1: it is the answer to this id; 0: something else, and it is dealt with. */
static int take_frame(struct ovd_client *c, struct ovd_view body, uint64_t id)
{
	switch (c->frame.kind) {
	case OVD_FRAME_EVENT:
		if (c->event)
			c->event(c->event_arg, &c->frame.event);
		return 0;
	case OVD_FRAME_RESPONSE:
		if (c->frame.response.id == id)
			return 1;
		return c->frame.response.id > 0 && c->frame.response.id <= c->last_id
			       ? keep(c, body)
			       : 0;
	case OVD_FRAME_REQUEST:
		break;
	}
	fault_set(&c->fault, 0, "the daemon sent a request");
	return -EPROTO;
}

static int receive(struct ovd_client *c, uint64_t id, int64_t deadline,
		   const struct ovd_response **ret)
{
	struct ovd_view body;
	int r = 0;

	if (c->fd < 0)
		return -ENOTCONN;
	if (take_kept(c, id)) {
		r = decode(c, buf_view(&c->body));
		if (r == 0)
			*ret = &c->frame.response.response;
		return r;
	}
	while (r == 0) {
		r = read_body(c, deadline, &body);
		if (r == 0)
			r = decode(c, body);
		if (r == 0)
			r = take_frame(c, body, id);
	}
	if (r == 1)
		*ret = &c->frame.response.response;
	return r == 1 ? 0 : r;
}

/* ---- what others call ---- */

int ovd_client_send(struct ovd_client *c, const struct ovd_request *request, uint64_t *ret_id)
{
	return send_request(c, request, INT64_MAX, ret_id);
}

int ovd_client_receive(struct ovd_client *c, uint64_t id, unsigned ms,
		       const struct ovd_response **ret)
{
	return receive(c, id, deadline_in(ms), ret);
}

int ovd_client_call(struct ovd_client *c, const struct ovd_request *request, unsigned ms,
		    const struct ovd_response **ret)
{
	int64_t deadline = deadline_in(ms);
	uint64_t id;
	int r = send_request(c, request, deadline, &id);

	return r == 0 ? receive(c, id, deadline, ret) : r;
}

int ovd_client_raw(struct ovd_client *c, struct ovd_view body, unsigned ms, struct ovd_view *ret)
{
	int64_t deadline = deadline_in(ms);
	int r = send_body(c, body, deadline);

	return r == 0 ? read_body(c, deadline, ret) : r;
}

void ovd_client_on_event(struct ovd_client *c,
			 void (*event)(void *arg, const struct ovd_event *event), void *arg)
{
	c->event = event;
	c->event_arg = arg;
}

int ovd_client_fd(const struct ovd_client *c)
{
	return c->fd;
}

int ovd_client_handle(struct ovd_client *c)
{
	const struct ovd_response *none;
	int r = receive(c, 0, 0, &none);

	return r == -EAGAIN ? 0 : r;
}

const char *ovd_client_fault(const struct ovd_client *c)
{
	return fault_text(&c->fault, (char *)c->fault_line);
}
