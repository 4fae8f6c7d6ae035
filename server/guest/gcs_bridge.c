#include "server/guest/gcs_bridge.h"

#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/deadline.h"
#include "runtime/thread.h"

#define QUEUE_BYTES (1024 * 1024)

/* A call that waits; its caller's. */
struct waiter {
	struct waiter *next;
	uint64_t id;
	enum gcs_procedure procedure;
	bool done;
	struct gcs_answer answer;
};

struct gcs_bridge {
	struct gcs_bridge_options options;
	struct transport *stream;
	pthread_t reader, writer;

	pthread_mutex_t lock; /* around all below */
	pthread_cond_t changed;
	uint64_t last_id;
	struct waiter *waiters;
	unsigned callers;
	uint64_t unanswered[GCS_UNANSWERED_MAX];
	unsigned n_unanswered;
	struct buf queue; /* frames */
	int error;        /* 0: it lives */
	char reason[GCS_REASON_MAX];
};

/* ---- the end ---- */

/* Under the lock. The first reason is the one. */
static _printf_(3, 4) void end(struct gcs_bridge *b, int error, const char *format, ...)
{
	va_list args;

	if (b->error)
		return;
	b->error = error;
	va_start(args, format);
	vsnprintf(b->reason, sizeof(b->reason), format, args);
	va_end(args);
	transport_cancel(b->stream);
	pthread_cond_broadcast(&b->changed);
}

static void end_by_transport(struct gcs_bridge *b, const char *what, int error)
{
	pthread_mutex_lock(&b->lock);
	end(b, -ECONNRESET, "%s: %s", what, strerror(-error));
	pthread_mutex_unlock(&b->lock);
}

static bool has_ended(struct gcs_bridge *b)
{
	bool ended;

	pthread_mutex_lock(&b->lock);
	ended = b->error;
	pthread_mutex_unlock(&b->lock);
	return ended;
}

/* ---- the writer ---- */

/* False: the bridge has ended. */
static bool take_frames(struct gcs_bridge *b, struct buf *frames)
{
	struct buf empty = *frames;
	bool alive;

	pthread_mutex_lock(&b->lock);
	while (!b->error && b->queue.n == 0)
		pthread_cond_wait(&b->changed, &b->lock);
	alive = !b->error;
	*frames = b->queue;
	b->queue = empty;
	pthread_mutex_unlock(&b->lock);
	return alive;
}

static void *write_frames(void *arg)
{
	struct gcs_bridge *b = arg;
	_cleanup_(buf_done) struct buf frames = { 0 };
	int r = 0;

	while (r == 0 && take_frames(b, &frames)) {
		r = transport_send(b->stream, frames.p, frames.n, -1);
		frames.n = 0;
	}
	if (r < 0)
		end_by_transport(b, "writing to the guest", r);
	return NULL;
}

/* ---- the reader ---- */

/* Under the lock, as the next ones. */
static struct waiter **find_waiter(struct gcs_bridge *b, uint64_t id)
{
	for (struct waiter **at = &b->waiters; *at; at = &(*at)->next)
		if ((*at)->id == id)
			return at;
	return NULL;
}

static bool forget_unanswered(struct gcs_bridge *b, uint64_t id)
{
	for (unsigned i = 0; i < b->n_unanswered; i++)
		if (b->unanswered[i] == id) {
			b->unanswered[i] = b->unanswered[--b->n_unanswered];
			return true;
		}
	return false;
}

static void take_response(struct gcs_bridge *b, const struct gcs_header *header, struct buf *body)
{
	struct waiter **at = find_waiter(b, header->id), *w = at ? *at : NULL;

	if (!w) {
		if (!forget_unanswered(b, header->id))
			end(b, -EPROTO, "an answer to nobody, id %" PRIu64, header->id);
		return;
	}
	if (header->type != (uint32_t)(GCS_RESPONSE | w->procedure)) {
		end(b, -EPROTO, "an answer of type 0x%08x to a request of type 0x%08x",
		    header->type, (unsigned)(GCS_REQUEST | w->procedure));
		return;
	}
	if (gcs_response_parse(buf_view(body), &w->answer.response) < 0) {
		end(b, -EPROTO, "an answer to id %" PRIu64 " without a result", header->id);
		return;
	}
	w->answer.document = *body;
	*body = (struct buf){ 0 };
	w->done = true;
	*at = w->next;
	pthread_cond_broadcast(&b->changed);
}

static void take_frame(struct gcs_bridge *b, const struct gcs_header *header, struct buf *body)
{
	switch (header->type & GCS_CLASS_MASK) {
	case GCS_RESPONSE:
		pthread_mutex_lock(&b->lock);
		take_response(b, header, body);
		pthread_mutex_unlock(&b->lock);
		break;
	case GCS_NOTIFICATION:
		if (b->options.notified)
			b->options.notified(b->options.arg, header->type, buf_view(body));
		break;
	default:
		pthread_mutex_lock(&b->lock);
		end(b, -EPROTO, "a frame of type 0x%08x, which no guest sends", header->type);
		pthread_mutex_unlock(&b->lock);
	}
}

/* How many bytes there were before the end. */
static ssize_t read_whole(struct gcs_bridge *b, void *p, size_t n)
{
	size_t got = 0;

	while (got < n) {
		ssize_t r = transport_recv(b->stream, (char *)p + got, n - got, -1);

		if (r < 0)
			return r;
		if (r == 0)
			break;
		got += (size_t)r;
	}
	return (ssize_t)got;
}

static int end_by_reading(struct gcs_bridge *b, ssize_t got, bool between)
{
	pthread_mutex_lock(&b->lock);
	if (got < 0)
		end(b, -ECONNRESET, "reading from the guest: %s", strerror((int)-got));
	else
		end(b, -ECONNRESET, "the guest closed the connection%s",
		    between ? "" : " in the middle of a frame");
	pthread_mutex_unlock(&b->lock);
	return -ECONNRESET;
}

static int read_header(struct gcs_bridge *b, struct gcs_header *ret)
{
	uint8_t bytes[GCS_HEADER];
	ssize_t got = read_whole(b, bytes, sizeof(bytes));
	int r;

	if (got != GCS_HEADER)
		return end_by_reading(b, got, got == 0);
	r = gcs_header_read(bytes, ret);
	if (r < 0) {
		pthread_mutex_lock(&b->lock);
		end(b, -EPROTO, "a frame of %u bytes: too %s", ret->size,
		    r == -EBADMSG ? "short" : "long");
		pthread_mutex_unlock(&b->lock);
	}
	return r;
}

static int read_body(struct gcs_bridge *b, size_t n, struct buf *ret)
{
	ssize_t got;

	if (buf_reserve(ret, n) < 0) {
		end_by_transport(b, "reading from the guest", -ENOMEM);
		return -ENOMEM;
	}
	got = read_whole(b, ret->p, n);
	if (got != (ssize_t)n)
		return end_by_reading(b, got, false);
	ret->n = n;
	return 0;
}

static void *read_frames(void *arg)
{
	struct gcs_bridge *b = arg;
	struct gcs_header header;
	int r = 0;

	while (r == 0 && !has_ended(b)) {
		_cleanup_(buf_done) struct buf body = { 0 };

		r = read_header(b, &header);
		if (r == 0)
			r = read_body(b, header.size - GCS_HEADER, &body);
		if (r == 0)
			take_frame(b, &header, &body);
	}
	if (b->options.ended)
		b->options.ended(b->options.arg, b->reason); /* it doesn't change any more */
	return NULL;
}

/* ---- callers ---- */

static int enqueue(struct gcs_bridge *b, const struct gcs_header *header, const char *document)
{
	uint8_t bytes[GCS_HEADER];

	if (b->queue.n + header->size > QUEUE_BYTES)
		return -ENOBUFS;
	if (buf_reserve(&b->queue, header->size) < 0)
		return -ENOMEM;
	gcs_header_write(header, bytes);
	buf_append(&b->queue, bytes, sizeof(bytes));
	buf_append(&b->queue, document, header->size - GCS_HEADER);
	pthread_cond_broadcast(&b->changed);
	return 0;
}

static int wait_for_answer(struct gcs_bridge *b, struct waiter *w, int timeout_ms)
{
	uint64_t deadline = deadline_in(timeout_ms);
	struct waiter **at;
	int r = 0;

	while (!w->done && !b->error && r != -ETIMEDOUT)
		r = deadline_wait(&b->changed, &b->lock, deadline);
	if (w->done)
		return 0;
	at = find_waiter(b, w->id);
	*at = w->next;
	if (b->error)
		return b->error;
	if (b->n_unanswered == GCS_UNANSWERED_MAX)
		end(b, -ECONNRESET, "the guest has left %d requests unanswered",
		    GCS_UNANSWERED_MAX);
	else
		b->unanswered[b->n_unanswered++] = w->id;
	return -ETIMEDOUT;
}

/* Under the lock. */
static int call(struct gcs_bridge *b, struct waiter *w, const char *document, int timeout_ms)
{
	const struct gcs_header header = { .type = GCS_REQUEST | w->procedure,
					   .size = (uint32_t)(GCS_HEADER + strlen(document)),
					   .id = ++b->last_id };
	int r;

	if (b->error)
		return b->error;
	if (pthread_equal(b->reader, pthread_self()))
		return -EDEADLK;
	r = enqueue(b, &header, document);
	if (r < 0)
		return r;
	w->id = header.id;
	w->next = b->waiters;
	b->waiters = w;
	return wait_for_answer(b, w, timeout_ms);
}

int gcs_call(struct gcs_bridge *b, enum gcs_procedure procedure, const char *document,
	     int timeout_ms, struct gcs_answer *ret)
{
	struct waiter w = { .procedure = procedure };
	int r;

	if (strlen(document) > GCS_SEND_MAX - GCS_HEADER)
		return -EMSGSIZE;
	pthread_mutex_lock(&b->lock);
	b->callers++;
	r = call(b, &w, document, timeout_ms);
	b->callers--;
	pthread_cond_broadcast(&b->changed);
	pthread_mutex_unlock(&b->lock);
	if (r == 0)
		*ret = w.answer;
	return r;
}

/* ---- everybody else ---- */

static void free_bridge(struct gcs_bridge *b)
{
	transport_close(b->stream);
	buf_done(&b->queue);
	pthread_mutex_destroy(&b->lock);
	pthread_cond_destroy(&b->changed);
	free(b);
}

static void end_by_us(struct gcs_bridge *b)
{
	pthread_mutex_lock(&b->lock);
	end(b, -ECANCELED, "closed by the host");
	pthread_mutex_unlock(&b->lock);
}

int gcs_bridge_start(const struct gcs_bridge_options *options, struct transport *stream,
		     struct gcs_bridge **ret)
{
	struct gcs_bridge *b = calloc(1, sizeof(*b));
	int r;

	if (!b) {
		transport_close(stream);
		return -ENOMEM;
	}
	*b = (struct gcs_bridge){ .options = *options,
				  .stream = stream,
				  .lock = PTHREAD_MUTEX_INITIALIZER,
				  .changed = PTHREAD_COND_INITIALIZER };
	r = thread_start(&b->writer, write_frames, b);
	if (r == 0) {
		pthread_mutex_lock(
			&b->lock); /* who compares itself with it waits until it is set */
		r = thread_start(&b->reader, read_frames, b);
		pthread_mutex_unlock(&b->lock);
		if (r < 0) {
			end_by_us(b);
			pthread_join(b->writer, NULL);
		}
	}
	if (r < 0)
		free_bridge(b);
	else
		*ret = b;
	return r;
}

void gcs_bridge_guest_gone(struct gcs_bridge *b, const char *reason)
{
	pthread_mutex_lock(&b->lock);
	end(b, -ECONNRESET, "%s", reason);
	pthread_mutex_unlock(&b->lock);
}

bool gcs_bridge_reason(struct gcs_bridge *b, char text[GCS_REASON_MAX])
{
	bool ended;

	pthread_mutex_lock(&b->lock);
	ended = b->error;
	if (ended)
		memcpy(text, b->reason, GCS_REASON_MAX);
	pthread_mutex_unlock(&b->lock);
	return ended;
}

void gcs_bridge_close(struct gcs_bridge *b)
{
	if (!b)
		return;
	end_by_us(b);
	pthread_mutex_lock(&b->lock);
	while (b->callers > 0)
		pthread_cond_wait(&b->changed, &b->lock);
	pthread_mutex_unlock(&b->lock);
	pthread_join(b->writer, NULL);
	pthread_join(b->reader, NULL);
	free_bridge(b);
}
