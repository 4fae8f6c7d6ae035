#include "client/overlayd.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "client/limit.h"
#include "runtime/frame.h"
#include "runtime/paths.h"
#include "runtime/util.h"

#define PAUSE_FIRST_MS 100
#define PAUSE_MOST_MS  1000

/* Most that is read while a request is being written. */
#define READ_AHEAD_MOST (2 * FRAME_BODY_MAX)

/* A request that is out, and its answer if that came before it was asked for. */
struct pending {
	struct pending *next;
	uint64_t id;
	struct buf answer; /* p is NULL: not there yet */
};

struct ovd_client {
	char *path;
	struct stream *stream; /* NULL: not connected */
	enum ovd_codec codec;
	uint64_t last_id;
	struct frame_reader in;
	struct buf out;
	const int *fds; /* that go with it, while it is written; n_fds of them */
	size_t n_fds;
	struct arena arena;
	struct ovd_frame frame; /* the one that was read last */
	struct buf body;        /* of a kept answer that was asked for */
	struct pending *pending;
	struct ovd_fault fault;
	char fault_line[FAULT_LINE_MAX];
	void (*event)(void *arg, const struct ovd_event *event);
	void *event_arg;
	bool in_event;
};

/* ---- connection ---- */

static void forget(struct pending **at)
{
	struct pending *gone = *at;

	*at = gone->next;
	buf_done(&gone->answer);
	free(gone);
}

/* The pointer to the request with this id, or to the NULL at the end. */
static struct pending **find_pending(struct ovd_client *c, uint64_t id)
{
	struct pending **at = &c->pending;

	while (*at && (*at)->id != id)
		at = &(*at)->next;
	return at;
}

static int lost(struct ovd_client *c, int r)
{
	stream_close(c->stream);
	c->stream = NULL;
	frame_reader_done(&c->in);
	while (c->pending)
		forget(&c->pending);
	return r;
}

static int connect_now(struct ovd_client *c)
{
	return c->stream ? 0 : stream_open(c->path, &c->stream);
}

static void pause_ms(unsigned ms)
{
	struct timespec left = { .tv_sec = ms / 1000, .tv_nsec = (long)(ms % 1000) * 1000000 };

	while (nanosleep(&left, &left) < 0 && errno == EINTR)
		;
}

static char *default_path(void)
{
	struct paths_env env = paths_env_now();
	char data_dir[PATHS_MAX], path[PATHS_MAX];

	return strdup(paths_socket(&env, paths_data_dir(&env, data_dir), path));
}

int ovd_client_connect(struct ovd_client *c, unsigned attempts)
{
	unsigned pause = PAUSE_FIRST_MS;
	int r = connect_now(c);

	for (unsigned i = 1; i < attempts && (r == -ENOENT || r == -ECONNREFUSED || r == -EAGAIN);
	     i++) {
		pause_ms(pause);
		pause = MIN(pause * 2, PAUSE_MOST_MS);
		r = connect_now(c);
	}
	return r;
}

int ovd_client_open(const char *path, unsigned attempts, struct ovd_client **ret)
{
	struct ovd_client *c = calloc(1, sizeof(*c));
	int r;

	if (!c)
		return -ENOMEM;
	c->path = path ? strdup(path) : default_path();
	r = c->path ? ovd_client_connect(c, attempts) : -ENOMEM;
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

/* ---- in ---- */

/* Takes what the socket has, which may be nothing. */
static int fill(struct ovd_client *c)
{
	size_t room;
	char *p = frame_room(&c->in, &room);
	ssize_t n;

	if (!p)
		return -ENOMEM;
	n = stream_read(c->stream, p, room);
	if (n > 0)
		frame_filled(&c->in, (size_t)n);
	else if (n != -EINTR && n != -EAGAIN)
		return lost(c, -ECONNRESET);
	return 0;
}

/* The next frame's body; it lives until the next read. */
static int read_body(struct ovd_client *c, struct limit *limit, struct ovd_view *ret)
{
	for (;;) {
		uint32_t n;
		int r = frame_next(&c->in, ret, &n);

		if (r == 1)
			return 0;
		if (r < 0) {
			fault_set(&c->fault, 0, "a frame of %u bytes; it may have 1 to %u", n,
				  FRAME_BODY_MAX);
			return lost(c, -EPROTO);
		}
		r = limit_wait(c->stream, STREAM_READABLE, limit);
		if (r > 0)
			r = fill(c);
		if (r < 0)
			return r;
	}
}

static int decode(struct ovd_client *c, struct ovd_view body)
{
	int r;

	arena_reset(&c->arena);
	r = codec_decode(codec_of(body), &ovd_frame_table, body, &c->arena, &c->frame, &c->fault);
	return r == -EBADMSG ? -EPROTO : r;
}

/* Answers to requests that nobody waits for any more are dropped, so are second ones. */
static int keep(struct pending *pending, struct ovd_view body)
{
	if (!pending || pending->answer.p)
		return 0;
	if (buf_append(&pending->answer, body.p, body.n + 1) < 0) /* and its NUL */
		return -ENOMEM;
	pending->answer.n--;
	return 0;
}

/* The frame that was refused is an event whose kind is younger than this client. In protobuf the
 * path is of field numbers: Frame's, and one that Event doesn't have. */
static bool is_unknown_event(const struct ovd_fault *fault)
{
	static const char protobuf[] = "18.";

	if (strncmp(fault->path, protobuf, sizeof(protobuf) - 1) == 0)
		return !strchr(fault->path + sizeof(protobuf) - 1, '.');
	return strcmp(fault->path, "event") == 0;
}

/* Deals with an event. False: the frame, which was decoded with that result, is something else. */
static bool took_event(struct ovd_client *c, int decoded)
{
	if (decoded == -EPROTO && is_unknown_event(&c->fault))
		return true;
	if (decoded < 0 || c->frame.kind != OVD_FRAME_EVENT)
		return false;
	c->in_event = true;
	if (c->event)
		c->event(c->event_arg, &c->frame.event);
	c->in_event = false;
	return true;
}

/* Reads a frame. 1: it is the answer to this id; 0: something else, and it is dealt with. */
static int take_frame(struct ovd_client *c, uint64_t id, struct limit *limit)
{
	struct ovd_view body;
	int r = read_body(c, limit, &body);

	if (r < 0)
		return r;
	r = decode(c, body);
	if (took_event(c, r))
		return 0;
	if (r < 0)
		return r;
	if (c->frame.kind == OVD_FRAME_REQUEST) {
		fault_set(&c->fault, 0, "the daemon sent a request");
		return -EPROTO;
	}
	if (c->frame.response.id == id)
		return 1;
	return keep(*find_pending(c, c->frame.response.id), body);
}

static int receive(struct ovd_client *c, uint64_t id, struct limit *limit,
		   const struct ovd_response **ret)
{
	struct pending *pending = *find_pending(c, id);
	int r = 0;

	if (!pending)
		return -ENOENT;
	if (pending->answer.p) {
		buf_done(&c->body);
		c->body = pending->answer;
		pending->answer = (struct buf){ .p = NULL };
		r = decode(c, buf_view(&c->body)) ?: 1;
	}
	while (r == 0)
		r = take_frame(c, id, limit);
	if (r < 0)
		return r;
	forget(find_pending(c, id));
	*ret = &c->frame.response.response;
	return 0;
}

/* ---- out ---- */

/* Descriptors go with the first byte. */
static ssize_t write_some(struct ovd_client *c, size_t done)
{
	const char *p = c->out.p + done;
	size_t n = c->out.n - done;

	return c->n_fds > 0 && done == 0 ? stream_write_fds(c->stream, p, n, c->fds, c->n_fds)
					 : stream_write(c->stream, p, n);
}

/* They are none, or too many are on their way: the connection stands. */
static bool is_about_fds(const struct ovd_client *c, size_t done, ssize_t r)
{
	return c->n_fds > 0 && done == 0 && r != -EPIPE && r != -ECONNRESET;
}

/* Reads meanwhile: a daemon whose answers nobody takes may not take requests either. */
static int write_out(struct ovd_client *c, struct limit *limit, size_t *done)
{
	while (*done < c->out.n) {
		bool ahead = c->in.in.n - c->in.start < READ_AHEAD_MOST;
		ssize_t n = write_some(c, *done);
		int r;

		if (n >= 0) {
			*done += (size_t)n;
			continue;
		}
		if (n == -EINTR)
			continue;
		if (n != -EAGAIN && !is_about_fds(c, *done, n))
			return lost(c, -ECONNRESET);
		if (n != -EAGAIN)
			return (int)n;
		r = limit_wait(c->stream, STREAM_WRITABLE | (ahead ? STREAM_READABLE : 0), limit);
		if (r > 0)
			r = r & STREAM_READABLE ? fill(c) : 0;
		if (r < 0) /* behind half a frame nothing else can follow */
			return *done > 0 ? lost(c, r) : r;
	}
	return 0;
}

/* Sends what is in c->out. If the daemon went while nothing was under way, none of this can have
 * reached it: the one that is there now gets it. */
static int send_out(struct ovd_client *c, struct limit *limit)
{
	bool again = c->stream && !c->pending;
	size_t done = 0;
	int r = connect_now(c);

	if (r == 0)
		r = write_out(c, limit, &done);
	if (r != -ECONNRESET || !again || done > 0)
		return r;
	r = connect_now(c);
	return r == 0 ? write_out(c, limit, &done) : r;
}

static int send_body(struct ovd_client *c, struct ovd_view body, struct limit *limit)
{
	size_t at;
	int r;

	c->out.n = 0;
	r = frame_begin(&c->out, &at);
	if (r == 0)
		r = buf_append(&c->out, body.p, body.n);
	if (r == 0)
		r = frame_end(&c->out, at);
	return r == 0 ? send_out(c, limit) : r;
}

static int send_request(struct ovd_client *c, const struct ovd_request *request,
			struct limit *limit, uint64_t *ret_id)
{
	struct ovd_frame frame = { .kind = OVD_FRAME_REQUEST,
				   .request = { .id = c->last_id + 1, .request = *request } };
	_cleanup_(freep) struct pending *pending = calloc(1, sizeof(*pending));
	_cleanup_(arena_done) struct arena arena = { .chunk = NULL };
	size_t at;
	int r;

	c->out.n = 0;
	r = pending ? frame_begin(&c->out, &at) : -ENOMEM;
	if (r == 0)
		r = codec_encode(c->codec, &ovd_frame_table, &frame, &arena, &c->out);
	if (r == 0)
		r = frame_end(&c->out, at);
	if (r == 0)
		r = send_out(c, limit);
	if (r < 0)
		return r;
	*ret_id = pending->id = ++c->last_id;
	pending->next = c->pending;
	c->pending = pending;
	pending = NULL;
	return 0;
}

/* ---- what others call ---- */

int ovd_client_set_codec(struct ovd_client *c, enum ovd_codec codec)
{
	if (!codec_is_built(codec))
		return -ENOTSUP;
	c->codec = codec;
	return 0;
}

int ovd_client_send(struct ovd_client *c, const struct ovd_request *request, unsigned ms,
		    uint64_t *ret_id)
{
	struct limit limit = limit_in(ms);

	return c->in_event ? -EBUSY : send_request(c, request, &limit, ret_id);
}

int ovd_client_receive(struct ovd_client *c, uint64_t id, unsigned ms,
		       const struct ovd_response **ret)
{
	struct limit limit = limit_in(ms);

	return c->in_event ? -EBUSY : receive(c, id, &limit, ret);
}

int ovd_client_call(struct ovd_client *c, const struct ovd_request *request, unsigned ms,
		    const struct ovd_response **ret)
{
	struct limit limit = limit_in(ms);
	uint64_t id;
	int r = c->in_event ? -EBUSY : send_request(c, request, &limit, &id);

	if (r < 0)
		return r;
	r = receive(c, id, &limit, ret);
	if (r < 0 && *find_pending(c, id))
		forget(find_pending(c, id)); /* its id is known to nobody */
	return r;
}

int ovd_client_call_fds(struct ovd_client *c, const struct ovd_request *request, const int *fds,
			unsigned n_fds, unsigned ms, const struct ovd_response **ret)
{
	int r;

	if (n_fds > OVD_CLIENT_FDS_MAX)
		return -E2BIG;
	if (c->in_event)
		return -EBUSY;
	c->fds = fds;
	c->n_fds = n_fds;
	r = ovd_client_call(c, request, ms, ret);
	c->n_fds = 0;
	return r;
}

int ovd_client_raw(struct ovd_client *c, struct ovd_view body, unsigned ms, struct ovd_view *ret)
{
	struct limit limit = limit_in(ms);
	int r = c->in_event ? -EBUSY : send_body(c, body, &limit);
	struct ovd_view answer;

	do
		r = r == 0 ? read_body(c, &limit, &answer) : r;
	while (r == 0 && took_event(c, decode(c, answer)));
	if (r == 0)
		*ret = answer;
	return r;
}

void ovd_client_on_event(struct ovd_client *c,
			 void (*event)(void *arg, const struct ovd_event *event), void *arg)
{
	c->event = event;
	c->event_arg = arg;
}

int ovd_client_fd(const struct ovd_client *c)
{
	return c->stream ? stream_fd(c->stream) : -1;
}

int ovd_client_wait(struct ovd_client *c, int ms)
{
	int r = c->stream ? stream_wait(c->stream, STREAM_READABLE, ms) : -ENOTCONN;

	return r < 0 ? r : 0;
}

int ovd_client_handle(struct ovd_client *c)
{
	struct limit only_what_is_there = { .at = 0 };
	int r;

	if (c->in_event)
		return -EBUSY;
	if (!c->stream)
		return -ENOTCONN;
	do
		r = take_frame(c, 0, &only_what_is_there);
	while (r >= 0); /* no request has the id 0: 1 is an answer that is nobody's */
	return r == -ETIMEDOUT ? 0 : r;
}

const char *ovd_client_fault(const struct ovd_client *c)
{
	return fault_text(&c->fault, (char *)c->fault_line);
}
