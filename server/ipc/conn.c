#include "server/ipc/conn.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "runtime/json.h"
#include "server/ipc/server_state.h"

static void on_ready(uv_poll_t *handle, int status, int events);

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
	if (wanted == c->watched)
		return;
	c->watched = wanted;
	if (wanted)
		uv_poll_start(&c->poll, wanted, on_ready);
	else
		uv_poll_stop(&c->poll);
}

/* ---- out ---- */

static void flush(struct conn *c)
{
	while (unwritten(c) > 0 && !c->broken) {
		ssize_t n = send(c->fd, c->out.p + c->written, unwritten(c), MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno != EAGAIN)
			c->broken = true;
		if (n < 0)
			break;
		c->written += (size_t)n;
	}
	if (unwritten(c) == 0 || c->broken) {
		c->out.n = c->written = 0;
		if (c->out.cap > 64 * 1024)
			buf_done(&c->out);
	}
	if (unwritten(c) > SERVER_QUEUE_MAX)
		c->broken = true;
}

static void put_frame(struct conn *c, const struct ovd_frame *frame)
{
	size_t at;

	if (c->broken)
		return;
	if (c->written > 0 && c->written == c->out.n)
		c->out.n = c->written = 0;
	if (frame_begin(&c->out, &at) < 0 || ovd_frame_encode(frame, &c->out) < 0 ||
	    frame_end(&c->out, at) < 0) {
		log_at(c->server->options.log, LOG_ERROR,
		       "an answer could not be written: the connection is closed");
		c->broken = true;
	}
}

/* ---- in ---- */

static void put_fault(struct conn *c, uint64_t id, const char *text)
{
	struct ovd_frame frame = {
		.kind = OVD_FRAME_RESPONSE,
		.response = { .id = id,
			      .response = { .kind = OVD_RESPONSE_ERR,
					    .err = { .message = view(text) } } },
	};

	put_frame(c, &frame);
}

static void handle_bad_body(struct conn *c, struct ovd_view body, const struct ovd_fault *fault)
{
	char text[FAULT_LINE_MAX];
	uint64_t id = 0;

	json_peek_u64(body, VIEW_LITERAL("id"), &id);
	put_fault(c, id, fault_text(fault, text));
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
		.conn = c,
	};
	c->busy = true;
	r = s->options.dispatch(call, call->request);
	if (r == -EINPROGRESS)
		call_wait(call);
	else if (r < 0)
		call_fail(call, r, "%s", strerror(-r));
}

static void handle_body(struct conn *c, struct ovd_view body)
{
	struct ovd_fault fault;
	int r = ovd_frame_decode(body, &c->arena, &c->frame, &fault);

	if (r == -ENOMEM)
		fault_set(&fault, 0, "no memory for the request");
	if (r < 0) {
		handle_bad_body(c, body, &fault);
		arena_reset(&c->arena);
		return;
	}
	switch (c->frame.kind) {
	case OVD_FRAME_REQUEST:
		begin_call(c);
		return;
	case OVD_FRAME_RESPONSE:
	case OVD_FRAME_EVENT:
		log_at(c->server->options.log, LOG_DEBUG,
		       "a client sent a frame that is no request: ignored");
		break;
	}
	arena_reset(&c->arena);
}

static void handle_too_large(struct conn *c, uint32_t n)
{
	struct ovd_fault fault;
	char text[FAULT_LINE_MAX];

	fault_set(&fault, 0, "frame too large: %u bytes (max %u)", n, FRAME_BODY_MAX);
	put_fault(c, 0, fault_text(&fault, text));
	c->ended = true;
}

/* Handles the frames that are whole, until one is parked. */
static void handle_frames(struct conn *c)
{
	struct ovd_view body;
	uint32_t n;

	c->handling = true;
	while (!c->busy && !c->broken && !(c->ended && c->server->draining)) {
		int r = frame_next(&c->in, &body, &n);

		if (r == 0)
			break;
		c->frame_since = 0;
		if (r == 1) {
			handle_body(c, body);
		} else if (r == -EBADMSG) {
			put_fault(c, 0,
				  "a frame of length 0: the body is 1 byte at least (byte 0)");
		} else {
			handle_too_large(c, n);
			break;
		}
		if (unwritten(c) > SERVER_QUEUE_MAX)
			flush(c);
	}
	c->handling = false;
	flush(c);
	if (!frame_pending(&c->in))
		c->frame_since = 0;
	else if (!c->frame_since && !c->busy)
		c->frame_since = uv_now(c->server->options.loop);
	frame_trim(&c->in);
	watch(c);
}

static void read_some(struct conn *c)
{
	size_t room;
	char *p = frame_room(&c->in, &room);
	ssize_t n = p ? recv(c->fd, p, room, 0) : -1;

	if (!p || (n < 0 && errno != EAGAIN && errno != EINTR)) {
		c->broken = true;
	} else if (n == 0) {
		c->ended = true;
		if (!frame_pending(&c->in))
			frame_reader_done(&c->in);
	} else if (n > 0) {
		frame_filled(&c->in, (size_t)n);
	}
	handle_frames(c);
}

static void on_ready(uv_poll_t *handle, int status, int events)
{
	struct conn *c = handle->data;

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

int conn_new(struct server *s, int fd)
{
	struct conn *c = calloc(1, sizeof(*c));
	int r;

	if (!c)
		return -ENOMEM;
	c->server = s;
	c->fd = fd;
	r = uv_poll_init(s->options.loop, &c->poll, fd);
	if (r < 0) {
		free(c);
		return r;
	}
	c->poll.data = c;
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

	close(c->fd);
	frame_reader_done(&c->in);
	buf_done(&c->out);
	arena_done(&c->arena);
	*c->at = c->next;
	if (c->next)
		c->next->at = c->at;
	free(c);
	server_conn_gone(s);
}

static void on_closed(uv_handle_t *handle)
{
	struct conn *c = handle->data;

	c->poll.data = NULL;
	if (!c->busy)
		free_conn(c);
}

void conn_close(struct conn *c)
{
	c->broken = true;
	if (c->closing)
		return;
	c->closing = true;
	uv_close((uv_handle_t *)&c->poll, on_closed);
}

void conn_answered(struct conn *c)
{
	c->busy = c->paused = false;
	arena_reset(&c->arena);
	if (c->handling)
		return;
	if (!c->closing)
		handle_frames(c);
	else if (!c->poll.data) /* its handle is closed already */
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

/* ---- answers ---- */

int call_reply(struct call *call, const struct ovd_response *response)
{
	struct ovd_frame frame = { .kind = OVD_FRAME_RESPONSE,
				   .response = { .id = call->id, .response = *response } };

	put_frame(call->conn, &frame);
	call_end(call);
	return 0;
}
