#include "server/ipc/conn.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "server/ipc/err_code.h"
#include "server/ipc/server_state.h"

#define READ_MOST (128 * 1024) /* bytes at once; then others have their turn */

static const struct ovd_view malformed = VIEW_LITERAL("malformed");

/* Watches for what is wanted now; closes the connection when nothing is. */
static void watch(struct conn *c)
{
	int wanted = 0;

	if (c->closing || c->handling)
		return;
	if (c->broken || (c->ended && !c->busy && conn_unwritten(c) == 0)) {
		conn_close(c);
		return;
	}
	/* a call that is parked for a moment is not worth two changes of what is watched */
	if (!c->ended && !c->paused)
		wanted |= UV_READABLE;
	if (conn_unwritten(c) > 0)
		wanted |= UV_WRITABLE;
	wire_watch(&c->wire, wanted);
}

/* ---- in ---- */

static void put_err(struct conn *c, uint64_t id, const struct ovd_err *err)
{
	struct ovd_frame frame = {
		.kind = OVD_FRAME_RESPONSE,
		.response = { .id = id, .response = { .kind = OVD_RESPONSE_ERR, .err = *err } },
	};

	conn_put(c, &frame, &c->arena);
	arena_reset(&c->arena);
}

/* There is no body, and no byte of it. */
static void put_bad_length(struct conn *c, const char *text)
{
	put_err(c, 0, &(struct ovd_err){ .message = view(text), .code = malformed });
}

static void refuse_body(struct conn *c)
{
	const struct ovd_fault *fault = &c->body.fault;
	char text[FAULT_LINE_MAX];
	struct ovd_err err = { .message = view(fault_text(fault, text)),
			       .code = malformed,
			       .has_offset = true,
			       .offset = fault->offset };

	if (c->body.r == -ENOMEM)
		err = err_of(-ENOMEM, VIEW_LITERAL("no memory for the request"));
	else if (fault->path[0])
		err.field = view(fault->path);
	put_err(c, c->body.id, &err);
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

static void decode(struct conn *c)
{
	struct body *b = &c->body;

	b->r = codec_decode(c->codec, &ovd_frame_table, b->bytes, &c->arena, &c->frame, &b->fault);
	b->id = 0;
	if (b->r == 0)
		return;
	codec_peek_u64(c->codec, &ovd_frame_table, b->bytes, VIEW_LITERAL("id"), &b->id);
	arena_reset(&c->arena);
	frame_trim(&c->in);
}

static void handle_decoded(struct conn *c)
{
	if (c->body.r < 0) {
		refuse_body(c);
		conn_answered(c);
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
	conn_answered(c);
}

void conn_aside(struct conn *c, void (*run)(struct job *job), void (*done)(struct job *job))
{
	c->aside = (struct job){ .run = run, .done = done };
	if (c->server->options.helper) {
		worker_submit(c->server->options.helper, &c->aside);
		return;
	}
	run(&c->aside);
	done(&c->aside);
}

static void decode_aside(struct job *job)
{
	decode(conn_of(job));
}

static void decoded(struct job *job)
{
	struct conn *c = conn_of(job);

	if (c->broken)
		conn_answered(c);
	else
		handle_decoded(c);
}

static void handle_body(struct conn *c, struct ovd_view bytes)
{
	c->codec = codec_of(bytes);
	c->body.bytes = bytes;
	if (bytes.n >= CONN_LARGE) {
		c->busy = true;
		conn_aside(c, decode_aside, decoded);
		return;
	}
	decode(c);
	handle_decoded(c);
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

static void await_frame(struct conn *c)
{
	if (!frame_pending(&c->in))
		c->frame_since = 0;
	else if (!c->frame_since)
		c->frame_since = uv_now(c->server->options.loop);
	frame_trim(&c->in);
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
		if (conn_unwritten(c) > SERVER_QUEUE_MAX)
			conn_flush_all(c);
	}
	c->handling = false;
	conn_flush(c);
	if (!c->busy) /* the call's request lies in there */
		await_frame(c);
	watch(c);
}

static void read_some(struct conn *c)
{
	size_t room;
	char *p = frame_room(&c->in, &room);
	struct wire_fds fds;
	ssize_t n = p ? wire_read(&c->wire, p, MIN(room, READ_MOST), &fds) : -ENOMEM;

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
		conn_flush(c);
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

static void release(struct job *job)
{
	struct conn *c = conn_of(job);

	frame_reader_done(&c->in);
	buf_wipe(&c->out);
	arena_done(&c->arena);
	plan_done(&c->call.plan);
}

static void released(struct job *job)
{
	struct conn *c = conn_of(job);
	struct server *s = c->server;

	*c->at = c->next;
	if (c->next)
		c->next->at = c->at;
	s->n_listeners -= c->listens;
	free(c);
	server_conn_gone(s);
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
	if (c->in.in.n + c->out.n >= CONN_LARGE) {
		conn_aside(c, release, released);
		return;
	}
	release(&c->aside);
	released(&c->aside);
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

static void ready(struct conn *c)
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

static void wiped(struct job *job)
{
	ready(conn_of(job));
}

void conn_answered(struct conn *c)
{
	if (c->in.lent_n < CONN_LARGE && arena_size(&c->arena) < CONN_LARGE) {
		ready(c);
		return;
	}
	c->busy = true;
	if (!c->handling)
		handle_frames(c); /* only the answer goes out */
	conn_aside(c, conn_wipe, wiped);
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

	conn_put(c, &frame, &c->server->arena); /* the connection's own is its call's */
	arena_reset(&c->server->arena);
	conn_flush(c);
	watch(c);
}
