#include "server/ipc/conn.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "server/ipc/err_code.h"
#include "server/ipc/server_state.h"

static const struct ovd_view malformed = VIEW_LITERAL("malformed");

static size_t unwritten(const struct conn *c)
{
	return c->out.n - c->written;
}

/* Watches for what is wanted now; closes the connection when nothing is. */
static void watch(struct conn *c)
{
	int wanted = 0;

	if (c->closing || c->handling)
		return;
	if (c->broken || (c->ended && !c->busy && unwritten(c) == 0)) {
		conn_close(c);
		return;
	}
	/* a call that is parked for a moment is not worth two changes of what is watched */
	if (!c->ended && !c->paused)
		wanted |= UV_READABLE;
	if (unwritten(c) > 0)
		wanted |= UV_WRITABLE;
	wire_watch(&c->wire, wanted);
}

/* ---- out ---- */

static void wipe_out(struct conn *c)
{
	if (c->out.p)
		explicit_bzero(c->out.p, c->out.n);
	c->out.n = c->written = 0;
}

static void flush(struct conn *c)
{
	while (unwritten(c) > 0 && !c->broken) {
		ssize_t n = wire_write(&c->wire, c->out.p + c->written, unwritten(c));

		if (n == -EINTR)
			continue;
		if (n < 0 && n != -EAGAIN)
			c->broken = true;
		if (n < 0)
			break;
		c->written += (size_t)n;
	}
	if (unwritten(c) == 0 || c->broken) {
		wipe_out(c);
		if (c->out.cap > 64 * 1024)
			buf_done(&c->out);
	}
	if (unwritten(c) > SERVER_QUEUE_MAX)
		c->broken = true;
}

/* -EMSGSIZE: it fits no frame, and nothing was put. All else that goes wrong ends the connection.
 */
static int put_frame(struct conn *c, const struct ovd_frame *frame)
{
	size_t at;
	int r;

	if (c->broken)
		return 0;
	r = frame_begin(&c->out, &at);
	if (r == 0)
		r = codec_encode(c->codec, &ovd_frame_table, frame, &c->arena, &c->out);
	if (r == 0)
		r = frame_end(&c->out, at);
	if (r < 0 && r != -EMSGSIZE) {
		log_at(c->server->options.log, LOG_ERROR,
		       "an answer could not be written: the connection is closed");
		c->broken = true;
	}
	return r;
}

/* ---- in ---- */

static void put_err(struct conn *c, uint64_t id, const struct ovd_err *err)
{
	struct ovd_frame frame = {
		.kind = OVD_FRAME_RESPONSE,
		.response = { .id = id, .response = { .kind = OVD_RESPONSE_ERR, .err = *err } },
	};

	put_frame(c, &frame);
	arena_reset(&c->arena);
}

/* There is no body, and no byte of it. */
static void put_bad_length(struct conn *c, const char *text)
{
	put_err(c, 0, &(struct ovd_err){ .message = view(text), .code = malformed });
}

static void handle_bad_body(struct conn *c, struct ovd_view body, const struct ovd_fault *fault)
{
	char text[FAULT_LINE_MAX];
	struct ovd_err err = { .message = view(fault_text(fault, text)),
			       .code = malformed,
			       .has_offset = true,
			       .offset = fault->offset };
	uint64_t id = 0;

	if (fault->path[0])
		err.field = view(fault->path);
	codec_peek_u64(c->codec, &ovd_frame_table, body, VIEW_LITERAL("id"), &id);
	put_err(c, id, &err);
}

static void handle_no_memory(struct conn *c, struct ovd_view body)
{
	struct ovd_err err = err_of(-ENOMEM, VIEW_LITERAL("no memory for the request"));
	uint64_t id = 0;

	codec_peek_u64(c->codec, &ovd_frame_table, body, VIEW_LITERAL("id"), &id);
	put_err(c, id, &err);
}

int call_fd(struct call *call, uint32_t i)
{
	return passed_get(&call->conn->passed, i);
}

static void begin_call(struct conn *c)
{
	struct server *s = c->server;
	struct call *call = &c->call;
	int r;

	*call = (struct call){
		.daemon = s->options.daemon,
		.id = c->frame.request.id,
		.request = &c->frame.request.request,
		.arena = &c->arena,
		.plan = { .more = call->plan.more, .room = call->plan.room },
		.conn = c,
	};
	c->busy = true;
	if (s->draining) {
		call_fail(call, -ESHUTDOWN, "the daemon is stopping");
		return;
	}
	if (c->passed.too_many) {
		call_fail(call, -EINVAL, "more than %d descriptors came with the request",
			  WIRE_FDS_MAX);
		return;
	}
	r = s->options.dispatch(call, call->request);
	if (r == -EINPROGRESS)
		call_wait(call);
	else if (r < 0)
		call_fail(call, r, "%s", strerror(-r));
}

static void handle_body(struct conn *c, struct ovd_view body)
{
	struct ovd_fault fault;
	int r;

	c->codec = codec_of(body);
	r = codec_decode(c->codec, &ovd_frame_table, body, &c->arena, &c->frame, &fault);
	if (r < 0) {
		if (r == -ENOMEM)
			handle_no_memory(c, body);
		else
			handle_bad_body(c, body, &fault);
		return;
	}
	switch (c->frame.kind) {
	case OVD_FRAME_REQUEST:
		begin_call(c);
		return;
	case OVD_FRAME_RESPONSE:
	case OVD_FRAME_EVENT:
		c->n_ignored++;
		break;
	}
	arena_reset(&c->arena);
}

static void handle_too_large(struct conn *c, uint32_t n)
{
	struct ovd_fault fault;
	char text[FAULT_LINE_MAX];

	fault_set(&fault, 0, "frame too large: %u bytes (max %u)", n, FRAME_BODY_MAX);
	put_bad_length(c, fault_text(&fault, text));
	c->ended = true;
	frame_reader_done(&c->in); /* where the next frame begins is not known */
}

/* Handles the frames that are whole, until one is parked. */
static void handle_frames(struct conn *c)
{
	struct ovd_view body;
	uint32_t n = 0;

	c->handling = true;
	while (!c->busy && !c->broken) {
		int r = frame_next(&c->in, &body, &n);

		if (r == 0)
			break;
		c->frame_since = 0;
		passed_begin(&c->passed, FRAME_HEAD + (size_t)n);
		if (r == 1) {
			handle_body(c, body);
		} else if (r == -EBADMSG) {
			put_bad_length(c,
				       "a frame of length 0: the body is 1 byte at least (byte 0)");
		} else {
			handle_too_large(c, n);
			break;
		}
		if (!c->busy)
			c->n_unasked += passed_end(&c->passed);
		if (unwritten(c) > SERVER_QUEUE_MAX)
			flush(c);
	}
	c->handling = false;
	flush(c);
	if (!frame_pending(&c->in))
		c->frame_since = 0;
	else if (!c->frame_since && !c->busy)
		c->frame_since = uv_now(c->server->options.loop);
	if (!c->busy) /* the call's request lies in there */
		frame_trim(&c->in);
	watch(c);
}

static void read_some(struct conn *c)
{
	size_t room;
	char *p = frame_room(&c->in, &room);
	struct wire_fds fds;
	ssize_t n = p ? wire_read(&c->wire, p, room, &fds) : -ENOMEM;

	if (n < 0 && n != -EAGAIN && n != -EINTR) {
		c->broken = true;
	} else if (n == 0) {
		c->ended = true;
		if (!frame_pending(&c->in))
			frame_reader_done(&c->in);
	} else if (n > 0) {
		frame_filled(&c->in, (size_t)n);
		passed_add(&c->passed, &fds, c->in.in.n - c->in.start);
	}
	handle_frames(c);
}

static void on_ready(struct wire *wire, int status, int events)
{
	struct conn *c = CONTAINER_OF(wire, struct conn, wire);

	if (status < 0)
		c->broken = true;
	if (events & UV_WRITABLE) {
		flush(c);
		if (!(events & UV_READABLE))
			watch(c);
	}
	if (events & UV_READABLE && c->busy)
		c->paused = true;
	if (events & UV_READABLE && !c->broken && !c->busy)
		read_some(c);
	else if (c->broken || c->paused)
		watch(c);
}

/* ---- life ---- */

int conn_new(struct server *s, wire_end end)
{
	struct conn *c = calloc(1, sizeof(*c));
	int r;

	if (!c)
		return -ENOMEM;
	c->server = s;
	r = wire_open(&c->wire, s->options.loop, end, on_ready);
	if (r < 0) {
		free(c);
		return r;
	}
	c->next = s->conns;
	c->at = &s->conns;
	if (c->next)
		c->next->at = &c->next;
	s->conns = c;
	s->n_conns++;
	watch(c);
	return 0;
}

static void free_conn(struct conn *c)
{
	struct server *s = c->server;

	if (c->n_ignored > 0)
		log_at(s->options.log, LOG_WARN,
		       "a client sent %u frames that are no requests: they were ignored",
		       c->n_ignored);
	if (c->n_unasked > 0)
		log_at(s->options.log, LOG_WARN,
		       "a client sent %u descriptors that no request was about: they were closed",
		       c->n_unasked);
	passed_done(&c->passed);
	frame_reader_done(&c->in);
	wipe_out(c);
	buf_done(&c->out);
	arena_done(&c->arena);
	plan_done(&c->call.plan);
	*c->at = c->next;
	if (c->next)
		c->next->at = c->at;
	s->n_listeners -= c->listens;
	free(c);
	server_conn_gone(s);
}

static void on_closed(struct wire *wire)
{
	struct conn *c = CONTAINER_OF(wire, struct conn, wire);

	c->closed = true;
	if (!c->busy)
		free_conn(c);
}

void conn_close(struct conn *c)
{
	c->broken = true;
	if (c->closing)
		return;
	c->closing = true;
	wire_close(&c->wire, on_closed);
}

void conn_answered(struct conn *c)
{
	c->busy = c->paused = false;
	c->n_unasked += passed_end(&c->passed);
	arena_reset(&c->arena);
	if (c->handling)
		return;
	if (!c->closing)
		handle_frames(c);
	else if (c->closed)
		free_conn(c);
}

void conn_check_time(struct conn *c, uint64_t now)
{
	if (c->frame_since && !c->busy && now - c->frame_since >= SERVER_FRAME_SECONDS * 1000)
		conn_close(c);
}

void conn_drain(struct conn *c)
{
	c->ended = true;
	watch(c);
}

/* ---- events ---- */

void call_listen(struct call *call)
{
	struct conn *c = call->conn;

	c->server->n_listeners += !c->listens;
	c->listens = true;
}

void conn_tell(struct conn *c, const struct ovd_event *event)
{
	const struct ovd_frame frame = { .kind = OVD_FRAME_EVENT, .event = *event };

	put_frame(c, &frame);
	if (!c->busy) /* the call's answer is made in there */
		arena_reset(&c->arena);
	flush(c);
	watch(c);
}

/* ---- answers ---- */

int call_reply(struct call *call, const struct ovd_response *response)
{
	struct ovd_frame frame = { .kind = OVD_FRAME_RESPONSE,
				   .response = { .id = call->id, .response = *response } };

	if (put_frame(call->conn, &frame) == -EMSGSIZE)
		return call_fail(call, -EMSGSIZE,
				 "the answer is larger than a frame: more than %u bytes",
				 FRAME_BODY_MAX);
	call_end(call);
	return 0;
}
