#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/deadline.h"
#include "server/guest/log_forward_state.h"
#include "runtime/thread.h"

#define AGAIN_MS    100 /* when no connection could be taken */
#define QUEUE_BYTES (4 * 1024 * 1024)
#define PATIENCE_MS 1000
#define RETRY_MS    1000

const struct log_forward_options log_forward_defaults = {
	.max_bytes = 64 * 1024 * 1024,
	.keep = 5,
	.max_conns = 16,
	.rate = 5000,
	.burst = 20000,
	.tail_bytes = 64 * 1024,
	.drain_ms = 500,
};

void log_forward_count(struct log_forward *f, uint64_t *what, uint64_t n)
{
	pthread_mutex_lock(&f->lock);
	*what += n;
	pthread_mutex_unlock(&f->lock);
}

bool log_forward_drained(struct log_forward *f)
{
	bool drained;

	pthread_mutex_lock(&f->lock);
	drained = f->stopping && deadline_over(f->drain_until);
	pthread_mutex_unlock(&f->lock);
	return drained;
}

/* ---- the threads ---- */

static void *serve(void *arg)
{
	struct guest *g = arg;
	struct log_forward *f = g->forward;

	log_forward_tell(f, &(struct log_forward_news){ LOG_FORWARD_CAME, g->stream->peer, 0, 0 });
	guest_read(g);
	log_forward_tell(
		f, &(struct log_forward_news){ LOG_FORWARD_GONE, g->stream->peer, g->records, 0 });
	pthread_mutex_lock(&f->lock);
	g->ended = true;
	transport_close(g->stream);
	g->stream = NULL;
	f->running--;
	pthread_cond_broadcast(&f->changed);
	pthread_mutex_unlock(&f->lock);
	return NULL;
}

/* Under the lock: a place for another guest; NULL: there is none. */
static struct guest **free_place(struct log_forward *f)
{
	for (unsigned i = 0; i < f->options.max_conns; i++) {
		struct guest *g = f->guests[i];

		if (g && !g->ended)
			continue;
		if (g) {
			pthread_join(g->thread, NULL); /* it has let the lock go for good */
			guest_free(g);
		}
		f->guests[i] = NULL;
		return &f->guests[i];
	}
	return NULL;
}

static void tell_refused(struct guest *g)
{
	struct log_forward *f = g->forward;
	struct log_forward_news news = { .event = LOG_FORWARD_REFUSED, .guest = g->stream->peer };

	log_forward_count(f, &f->counts.refused, 1);
	news.n = log_forward_counts(f).refused;
	log_forward_tell(f, &news);
}

/* Under the lock. */
static int begin_guest(struct log_forward *f, struct guest *g)
{
	int r;

	g->id = f->counts.guests + 1;
	g->rate = rate_of(f->options.rate, f->options.burst, clock_ms());
	if (f->stopping)
		transport_cancel(g->stream);
	r = thread_start(&g->thread, serve, g);
	if (r == 0) {
		f->counts.guests++;
		f->running++;
	}
	return r;
}

static int welcome(struct log_forward *f, struct transport *stream)
{
	struct guest *g = calloc(1, sizeof(*g)), **place;
	int r = 0;

	if (!g) {
		transport_close(stream);
		return -ENOMEM;
	}
	g->forward = f;
	g->stream = stream;
	pthread_mutex_lock(&f->lock);
	place = free_place(f);
	if (place)
		r = begin_guest(f, g);
	if (place && r == 0)
		*place = g;
	pthread_mutex_unlock(&f->lock);
	if (place && r == 0)
		return 0;
	if (!place)
		tell_refused(g);
	guest_free(g);
	return r;
}

static void wait_a_moment(struct log_forward *f)
{
	uint64_t deadline = deadline_in(AGAIN_MS);

	pthread_mutex_lock(&f->lock);
	while (!f->stopping && deadline_wait(&f->changed, &f->lock, deadline) != -ETIMEDOUT)
		continue;
	pthread_mutex_unlock(&f->lock);
}

static void *accept_guests(void *arg)
{
	struct log_forward *f = arg;
	int before = 0, r = 0;

	while (r != -ECANCELED && !log_forward_drained(f)) {
		struct transport *stream;

		r = transport_accept(f->listener, -1, &stream);
		if (r == 0)
			r = welcome(f, stream);
		if (r < 0 && r != -ECANCELED) {
			if (!before)
				log_forward_tell(f, &(struct log_forward_news){ LOG_FORWARD_DEAF,
										NULL, 0, r });
			wait_a_moment(f);
		}
		before = r;
	}
	return NULL;
}

/* ---- everybody else ---- */

static void on_sink(void *arg, int error, uint64_t lost)
{
	struct log_forward_news news = { .event = error ? LOG_FORWARD_FAILING : LOG_FORWARD_WRITING,
					 .n = lost,
					 .error = error };

	log_forward_tell(arg, &news);
}

static int open_sink(struct log_forward *f)
{
	const struct log_forward_options *o = &f->options;
	const char *name = o->format == LOG_FORWARD_RAW ? "gcs-forward.log" : "gcs-forward.jsonl";
	size_t room = strlen(o->dir) + 32;
	_cleanup_(freep) char *path = malloc(room);
	const struct sink_options options = {
		.path = path,
		.max_bytes = o->max_bytes,
		.keep = o->keep,
		.queue_bytes = QUEUE_BYTES,
		.patience_ms = PATIENCE_MS,
		.retry_ms = RETRY_MS,
		.files = o->files ? o->files : &sink_files_native,
		.report = on_sink,
		.arg = f,
	};
	int r;

	if (!path)
		return -ENOMEM;
	snprintf(path, room, "%s/%s", o->dir, name);
	r = sink_open(&options, &f->sink);
	if (r == 0)
		f->writer = sink_thread(f->sink);
	return r;
}

static void free_all(struct log_forward *f)
{
	for (unsigned i = 0; f->guests && i < f->options.max_conns; i++)
		if (f->guests[i])
			guest_free(f->guests[i]);
	free(f->guests);
	tail_done(&f->tail);
	pthread_mutex_destroy(&f->lock);
	pthread_cond_destroy(&f->changed);
	free(f);
}

int log_forward_start(const struct log_forward_options *options, struct transport *listener,
		      struct log_forward **ret)
{
	struct log_forward *f = calloc(1, sizeof(*f));
	int r = -ENOMEM;

	if (f) {
		*f = (struct log_forward){ .options = *options,
					   .listener = listener,
					   .lock = PTHREAD_MUTEX_INITIALIZER,
					   .changed = PTHREAD_COND_INITIALIZER,
					   .guests = calloc(options->max_conns, sizeof(void *)) };
		r = f->guests ? tail_init(&f->tail, options->tail_bytes) : -ENOMEM;
		if (r == 0)
			r = open_sink(f);
		if (r == 0) {
			pthread_mutex_lock(&f->lock);
			r = thread_start(&f->acceptor, accept_guests, f);
			pthread_mutex_unlock(&f->lock);
		}
	}
	if (r == 0) {
		*ret = f;
		return 0;
	}
	transport_close(listener);
	if (f && f->sink)
		sink_close(f->sink, -1, &f->counts.lost);
	if (f)
		free_all(f);
	return r;
}

/* Under the lock. */
static void begin_stop(struct log_forward *f)
{
	if (f->stopping)
		return;
	f->stopping = true;
	f->drain_until = deadline_in(f->options.drain_ms);
	transport_cancel(f->listener);
	for (unsigned i = 0; i < f->options.max_conns; i++)
		if (f->guests[i] && f->guests[i]->stream)
			transport_cancel(f->guests[i]->stream);
	pthread_cond_broadcast(&f->changed);
}

/* Under the lock. */
static bool is_own_thread(const struct log_forward *f)
{
	pthread_t self = pthread_self();

	if (f->stopped)
		return false;
	for (unsigned i = 0; i < f->options.max_conns; i++)
		if (f->guests[i] && pthread_equal(f->guests[i]->thread, self))
			return true;
	return pthread_equal(f->acceptor, self) || pthread_equal(f->writer, self);
}

static void join_all(struct log_forward *f)
{
	struct sink *sink;
	uint64_t lost;

	pthread_join(f->acceptor, NULL); /* nobody new comes */
	pthread_mutex_lock(&f->lock);
	while (f->running > 0 && deadline_wait(&f->changed, &f->lock, f->drain_until) == 0)
		continue;
	sink = f->sink;
	pthread_mutex_unlock(&f->lock);
	sink_hurry(sink);
	for (unsigned i = 0; i < f->options.max_conns; i++)
		if (f->guests[i])
			pthread_join(f->guests[i]->thread, NULL);
	transport_close(f->listener);
	pthread_mutex_lock(&f->lock);
	f->counts.lost = sink_lost(sink);
	f->sink = NULL;
	pthread_mutex_unlock(&f->lock);
	sink_close(sink, f->options.drain_ms, &lost);
	pthread_mutex_lock(&f->lock);
	f->counts.lost = lost;
	pthread_mutex_unlock(&f->lock);
}

void log_forward_stop(struct log_forward *f)
{
	pthread_mutex_lock(&f->lock);
	begin_stop(f);
	if (is_own_thread(f)) {
		pthread_mutex_unlock(&f->lock);
		return;
	}
	while (f->joining && !f->stopped)
		pthread_cond_wait(&f->changed, &f->lock);
	if (!f->stopped) {
		f->joining = true;
		pthread_mutex_unlock(&f->lock);
		join_all(f);
		pthread_mutex_lock(&f->lock);
		f->stopped = true;
		pthread_cond_broadcast(&f->changed);
	}
	pthread_mutex_unlock(&f->lock);
}

size_t log_forward_tail(struct log_forward *f, char *p, size_t n)
{
	size_t copied;

	pthread_mutex_lock(&f->lock);
	copied = tail_copy(&f->tail, p, n);
	pthread_mutex_unlock(&f->lock);
	return copied;
}

struct log_forward_counts log_forward_counts(struct log_forward *f)
{
	struct log_forward_counts counts;

	pthread_mutex_lock(&f->lock);
	counts = f->counts;
	counts.connected = f->running;
	if (f->sink)
		counts.lost = sink_lost(f->sink);
	pthread_mutex_unlock(&f->lock);
	return counts;
}

void log_forward_free(struct log_forward *f)
{
	if (!f)
		return;
	log_forward_stop(f);
	free_all(f);
}

int log_forward_format_parse(const char *text, enum log_forward_format *ret)
{
	if (strcmp(text, "raw") == 0)
		*ret = LOG_FORWARD_RAW;
	else if (strcmp(text, "json") == 0)
		*ret = LOG_FORWARD_JSON;
	else
		return -EINVAL;
	return 0;
}
