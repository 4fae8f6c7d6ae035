#include "server/guest/sink.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/buf.h"
#include "runtime/deadline.h"
#include "runtime/thread.h"

#define NO_FILE (-1)

struct sink {
	struct sink_options options;
	char *path;
	pthread_t thread;
	pthread_mutex_t reporting; /* around report; taken before nothing else */
	bool silent;

	pthread_mutex_t lock; /* around all below up to the thread's own */
	pthread_cond_t changed;
	struct buf queue; /* size_t, so many bytes, again */
	uint64_t last_source, lost;
	uint64_t waiting; /* records that are neither written nor lost yet */
	bool open_line;   /* the last byte of the queue is no newline */
	bool stalled;     /* there was no room in time, and none since */
	bool hurry, closing, idle, ended, abandoned;

	/* the thread's own */
	struct buf batch;
	intptr_t file; /* NO_FILE: none */
	uint64_t size, retry_at;
	int error; /* 0: the last write went well */
};

/* ---- the thread ---- */

static void report(struct sink *s)
{
	uint64_t lost = sink_lost(s);

	pthread_mutex_lock(&s->reporting);
	if (!s->silent && s->options.report)
		s->options.report(s->options.arg, s->error, lost);
	pthread_mutex_unlock(&s->reporting);
}

static void settle(struct sink *s, bool written)
{
	pthread_mutex_lock(&s->lock);
	s->waiting--;
	s->lost += !written;
	pthread_mutex_unlock(&s->lock);
}

static void close_file(struct sink *s)
{
	if (s->file != NO_FILE)
		s->options.files->close(s->options.files->arg, s->file);
	s->file = NO_FILE;
}

static int open_file(struct sink *s)
{
	const struct sink_files *files = s->options.files;

	return s->file != NO_FILE ? 0 : files->open(files->arg, s->path, &s->file, &s->size);
}

/* path.4 becomes path.5, ..., path becomes path.1. */
static int rotate(struct sink *s)
{
	const struct sink_files *files = s->options.files;
	size_t room = strlen(s->path) + 16;
	_cleanup_(freep) char *from = malloc(room), *to = malloc(room);
	int r = from && to ? 0 : -ENOMEM;

	close_file(s);
	for (unsigned i = s->options.keep; r == 0 && i > 0; i--) {
		snprintf(from, room, i > 1 ? "%s.%u" : "%s", s->path, i - 1);
		snprintf(to, room, "%s.%u", s->path, i);
		r = files->rename(files->arg, from, to);
		r = r == -ENOENT ? 0 : r;
	}
	if (r == 0)
		r = open_file(s);
	if (r == 0 && s->size > 0) { /* none are kept */
		r = files->truncate(files->arg, s->file, 0);
		s->size = 0;
	}
	return r;
}

static int write_record(struct sink *s, const char *p, size_t n)
{
	const struct sink_files *files = s->options.files;
	uint64_t max = s->options.max_bytes;
	int r = open_file(s);

	if (r == 0 && max > 0 && s->size > 0 && s->size + n > max)
		r = rotate(s);
	if (r == 0) {
		r = files->append(files->arg, s->file, p, n);
		if (r == 0)
			s->size += n;
		else if (files->truncate(files->arg, s->file, s->size) < 0)
			close_file(s); /* its size is another by now */
	}
	return r;
}

static void write_or_lose(struct sink *s, const char *p, size_t n)
{
	int r, before = s->error;

	if (before && clock_ms() < s->retry_at) {
		settle(s, false);
		return;
	}
	r = write_record(s, p, n);
	settle(s, r == 0);
	s->error = r;
	if (r < 0)
		s->retry_at = clock_ms() + (uint64_t)s->options.retry_ms;
	if (!r != !before)
		report(s);
}

static void write_batch(struct sink *s)
{
	for (size_t at = 0, n; at < s->batch.n; at += sizeof(n) + n) {
		memcpy(&n, s->batch.p + at, sizeof(n));
		write_or_lose(s, s->batch.p + at + sizeof(n), n);
	}
	s->batch.n = 0;
	buf_trim(&s->batch);
}

/* False: there is none, and none will come. */
static bool take_batch(struct sink *s)
{
	struct buf empty = s->batch;

	s->idle = true;
	while (s->queue.n == 0 && !s->closing)
		pthread_cond_wait(&s->changed, &s->lock);
	s->idle = false;
	s->batch = s->queue;
	s->queue = empty;
	s->stalled = false;
	pthread_cond_broadcast(&s->changed);
	return s->batch.n > 0;
}

static void free_sink(struct sink *s)
{
	buf_done(&s->queue);
	buf_done(&s->batch);
	pthread_mutex_destroy(&s->reporting);
	pthread_mutex_destroy(&s->lock);
	pthread_cond_destroy(&s->changed);
	free(s->path);
	free(s);
}

static void *run(void *arg)
{
	struct sink *s = arg;
	bool abandoned;

	pthread_mutex_lock(&s->lock);
	while (!s->abandoned && take_batch(s)) {
		pthread_mutex_unlock(&s->lock);
		write_batch(s);
		pthread_mutex_lock(&s->lock);
	}
	pthread_mutex_unlock(&s->lock);
	close_file(s);
	pthread_mutex_lock(&s->lock);
	s->ended = true;
	abandoned = s->abandoned;
	pthread_cond_broadcast(&s->changed);
	pthread_mutex_unlock(&s->lock);
	if (abandoned)
		free_sink(s);
	return NULL;
}

/* ---- everybody else ---- */

int sink_open(const struct sink_options *options, struct sink **ret)
{
	struct sink *s = calloc(1, sizeof(*s));
	int r;

	if (!s)
		return -ENOMEM;
	*s = (struct sink){ .options = *options,
			    .path = strdup(options->path),
			    .reporting = PTHREAD_MUTEX_INITIALIZER,
			    .lock = PTHREAD_MUTEX_INITIALIZER,
			    .changed = PTHREAD_COND_INITIALIZER,
			    .file = NO_FILE };
	r = s->path ? thread_start(&s->thread, run, s) : -ENOMEM;
	if (r < 0)
		free_sink(s);
	else
		*ret = s;
	return r;
}

static bool has_room(const struct sink *s, size_t n)
{
	return s->queue.n == 0 || s->queue.n + sizeof(n) + n <= s->options.queue_bytes;
}

static int wait_for_room(struct sink *s, size_t n)
{
	uint64_t deadline = deadline_in(s->options.patience_ms);

	while (!has_room(s, n)) {
		if (s->stalled || s->hurry ||
		    deadline_wait(&s->changed, &s->lock, deadline) == -ETIMEDOUT) {
			s->stalled = true;
			return -ENOBUFS;
		}
	}
	return 0;
}

static int enqueue(struct sink *s, struct ovd_view bytes, bool newline_first)
{
	size_t n = bytes.n + newline_first;

	if (buf_reserve(&s->queue, sizeof(n) + n) < 0)
		return -ENOMEM;
	buf_append(&s->queue, &n, sizeof(n));
	buf_append(&s->queue, "\n", newline_first);
	return buf_append(&s->queue, bytes.p, bytes.n);
}

int sink_put(struct sink *s, uint64_t source, struct ovd_view bytes, bool gap)
{
	int r = 0;

	if (bytes.n == 0)
		return 0;
	pthread_mutex_lock(&s->lock);
	if (!gap || source == s->last_source) {
		r = wait_for_room(s, bytes.n + 1);
		if (r == 0)
			r = enqueue(s, bytes, s->open_line && source != s->last_source);
		if (r == 0) {
			s->last_source = source;
			s->open_line = bytes.p[bytes.n - 1] != '\n';
			s->waiting++;
			if (s->idle)
				pthread_cond_broadcast(&s->changed);
		} else {
			s->lost++;
		}
	}
	pthread_mutex_unlock(&s->lock);
	return r;
}

void sink_hurry(struct sink *s)
{
	pthread_mutex_lock(&s->lock);
	s->hurry = true;
	pthread_cond_broadcast(&s->changed);
	pthread_mutex_unlock(&s->lock);
}

uint64_t sink_lost(struct sink *s)
{
	uint64_t lost;

	pthread_mutex_lock(&s->lock);
	lost = s->lost;
	pthread_mutex_unlock(&s->lock);
	return lost;
}

/* The thread hangs in a write: it frees the sink when that has ended. False: it has ended by now.
 */
static bool abandon(struct sink *s, uint64_t *ret_lost)
{
	pthread_mutex_lock(&s->reporting);
	s->silent = true;
	pthread_mutex_unlock(&s->reporting);
	pthread_mutex_lock(&s->lock);
	s->abandoned = !s->ended;
	if (!s->abandoned) {
		pthread_mutex_unlock(&s->lock);
		return false;
	}
	*ret_lost = s->lost + s->waiting;
	pthread_detach(s->thread);
	pthread_mutex_unlock(&s->lock);
	return true;
}

int sink_close(struct sink *s, int timeout_ms, uint64_t *ret_lost)
{
	uint64_t deadline = deadline_in(timeout_ms);
	bool ended;

	pthread_mutex_lock(&s->lock);
	s->closing = true;
	pthread_cond_broadcast(&s->changed);
	while (!s->ended && deadline_wait(&s->changed, &s->lock, deadline) != -ETIMEDOUT)
		continue;
	ended = s->ended;
	pthread_mutex_unlock(&s->lock);
	if (!ended && abandon(s, ret_lost))
		return -ETIMEDOUT;
	pthread_join(s->thread, NULL);
	*ret_lost = s->lost;
	free_sink(s);
	return 0;
}

pthread_t sink_thread(const struct sink *s)
{
	return s->thread;
}
