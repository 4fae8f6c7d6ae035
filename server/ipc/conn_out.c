/* What a connection writes: frames are put behind each other, and sent as the client reads. */
#include <errno.h>
#include <string.h>

#include "server/ipc/server_state.h"

#define WRITE_MOST (256 * 1024) /* bytes at once; then others have their turn */

size_t conn_unwritten(const struct conn *c)
{
	return c->out.n - c->written;
}

/* What is written is wiped at once: for all of it others would have to wait. False: nothing more
 * goes just now. */
static bool write_some(struct conn *c, size_t most)
{
	char *p = c->out.p + c->written;
	ssize_t n = wire_write(&c->wire, p, MIN(conn_unwritten(c), most));

	if (n > 0) {
		explicit_bzero(p, (size_t)n);
		c->written += (size_t)n;
	} else if (n == -EAGAIN) {
		c->broken = conn_unwritten(c) > SERVER_QUEUE_MAX;
	} else if (n != -EINTR) {
		c->broken = true;
	}
	return n != -EAGAIN;
}

/* As much as goes at once, but only so much. */
static void write_out(struct conn *c, size_t most)
{
	size_t begin = c->written;

	while (conn_unwritten(c) > 0 && !c->broken) {
		size_t n = c->written - begin;

		if (n >= most || !write_some(c, most - n))
			return;
	}
}

/* A client may read on and on and never all: what it has read would be kept for ever. */
static void drop_written(struct conn *c)
{
	if (c->written < WRITE_MOST || c->written < conn_unwritten(c))
		return;
	buf_drop(&c->out, c->written);
	c->written = 0;
}

static void flush(struct conn *c, size_t most)
{
	write_out(c, most);
	if (conn_unwritten(c) > 0) {
		drop_written(c);
		return;
	}
	c->out.n = c->written = 0;
	if (c->out.cap > 64 * 1024)
		buf_done(&c->out);
}

void conn_flush(struct conn *c)
{
	flush(c, WRITE_MOST);
}

void conn_flush_all(struct conn *c)
{
	flush(c, SIZE_MAX);
}

static int encode(const struct conn *c, const struct ovd_frame *frame, struct arena *arena,
		  struct buf *out)
{
	size_t at;
	int r = frame_begin(out, &at);

	if (r == 0)
		r = codec_encode(c->codec, &ovd_frame_table, frame, arena, out);
	return r == 0 ? frame_end(out, at) : r;
}

static int check_encoded(struct conn *c, int r)
{
	if (r < 0 && r != -EMSGSIZE) {
		log_at(c->server->options.log, LOG_ERROR,
		       "an answer could not be written: the connection is closed");
		c->broken = true;
	}
	return r;
}

int conn_put(struct conn *c, const struct ovd_frame *frame, struct arena *arena)
{
	return c->broken ? 0 : check_encoded(c, encode(c, frame, arena, &c->out));
}

/* ---- answers ---- */

static int refuse_large(struct call *call)
{
	return call_fail(call, -EMSGSIZE, "the answer is larger than a frame: more than %u bytes",
			 FRAME_BODY_MAX);
}

static struct ovd_frame answer_of(const struct call *call, const struct ovd_response *response)
{
	return (struct ovd_frame){ .kind = OVD_FRAME_RESPONSE,
				   .response = { .id = call->id, .response = *response } };
}

int call_reply(struct call *call, const struct ovd_response *response)
{
	const struct ovd_frame frame = answer_of(call, response);

	if (conn_put(call->conn, &frame, call->arena) == -EMSGSIZE)
		return refuse_large(call);
	call_end(call);
	return 0;
}

void conn_wipe(struct job *job)
{
	struct conn *c = conn_of(job);

	frame_trim(&c->in);
	arena_reset(&c->arena);
}

static void encode_aside(struct job *job)
{
	struct conn *c = conn_of(job);

	c->body.r = encode(c, &c->frame, &c->arena, &c->large);
	if (c->body.r < 0)
		buf_wipe(&c->large);
	conn_wipe(job);
}

static void encoded(struct job *job)
{
	struct conn *c = conn_of(job);
	int r = check_encoded(c, c->body.r);

	if (r == 0 && c->out.n == 0) {
		buf_done(&c->out);
		c->out = c->large;
		c->large = (struct buf){ .p = NULL };
	} else if (r == 0) {
		check_encoded(c, buf_append(&c->out, c->large.p, c->large.n));
	}
	buf_wipe(&c->large);
	if (r == -EMSGSIZE)
		refuse_large(&c->call);
	else
		call_end(&c->call);
}

int call_reply_large(struct call *call, const struct ovd_response *response)
{
	struct conn *c = call->conn;

	c->frame = answer_of(call, response);
	call_park(call);
	conn_aside(c, encode_aside, encoded);
	return 0;
}
