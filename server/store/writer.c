#include "server/store/writer.h"

#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <string.h>

#include "runtime/deadline.h"
#include "runtime/thread.h"

#define AGAIN_MS 1000 /* after a failure */
#define REST_MS  500  /* without a record */

struct writer {
	pthread_t thread;
	pthread_mutex_t lock; /* around batch, n_holds and stopping */
	pthread_cond_t changed;
	struct store_batch batch;
	unsigned n_holds; /* while there are any the batch grows */
	bool stopping;
	struct store *store;
	struct log *log;
	struct store_batch writing; /* the thread's */
};

/* Until the time has come, or we stop. */
static void sleep_for(struct writer *w, unsigned ms)
{
	const uint64_t until = deadline_in((int)ms);

	while (!w->stopping && deadline_wait(&w->changed, &w->lock, until) == 0)
		continue;
}

static bool has_work(const struct writer *w)
{
	return w->batch.n > 0 || w->stopping;
}

static void wait_for_work(struct writer *w)
{
	const uint64_t until = deadline_in(REST_MS);

	while (!has_work(w) && deadline_wait(&w->changed, &w->lock, until) == 0)
		continue;
	if (has_work(w))
		return;
	pthread_mutex_unlock(&w->lock);
	store_rest(w->store);
	pthread_mutex_lock(&w->lock);
	while (!has_work(w))
		pthread_cond_wait(&w->changed, &w->lock);
}

static void swap(struct writer *w)
{
	struct store_batch empty = w->writing;

	w->writing = w->batch;
	w->batch = empty;
}

/* 0, or the failure; what was to be written is kept then. */
static int commit(struct writer *w)
{
	int r = store_commit(w->store, &w->writing);

	if (r < 0)
		log_at(w->log, LOG_ERROR, "the store can't be written: %s: trying again",
		       strerror(-r));
	else
		store_batch_clear(&w->writing);
	return r;
}

static void *run(void *arg)
{
	struct writer *w = arg;
	int r = 0;

	pthread_mutex_lock(&w->lock);
	while (!w->stopping || w->batch.n > 0) {
		if (r == 0)
			wait_for_work(w);
		sleep_for(w, r < 0 ? AGAIN_MS : WRITER_MS);
		while (w->n_holds > 0 && !w->stopping)
			pthread_cond_wait(&w->changed, &w->lock);
		if (r == 0)
			swap(w);
		pthread_mutex_unlock(&w->lock);
		r = commit(w);
		pthread_mutex_lock(&w->lock);
		if (r < 0 && w->stopping)
			break;
	}
	pthread_mutex_unlock(&w->lock);
	return NULL;
}

int writer_start(struct store *store, struct log *log, struct writer **ret)
{
	struct writer *w = calloc(1, sizeof(*w));
	int r;

	if (!w)
		return -ENOMEM;
	*w = (struct writer){ .lock = PTHREAD_MUTEX_INITIALIZER,
			      .changed = PTHREAD_COND_INITIALIZER,
			      .store = store,
			      .log = log };
	r = thread_start(&w->thread, run, w);
	if (r < 0) {
		free(w);
		return r;
	}
	*ret = w;
	return 0;
}

/* The first record begins the time; the others don't wake the thread. */
static int add(struct writer *w, const struct state_record *record,
	       int (*change)(struct store_batch *batch, const struct state_record *record))
{
	bool first;
	int r;

	pthread_mutex_lock(&w->lock);
	first = w->batch.n == 0;
	r = change(&w->batch, record);
	if (first)
		pthread_cond_broadcast(&w->changed);
	pthread_mutex_unlock(&w->lock);
	return r;
}

int writer_put(struct writer *w, const struct state_record *record)
{
	return add(w, record, store_batch_put);
}

int writer_delete(struct writer *w, const struct state_record *record)
{
	return add(w, record, store_batch_delete);
}

static void change_holds(struct writer *w, int by)
{
	if (!w)
		return;
	pthread_mutex_lock(&w->lock);
	w->n_holds += (unsigned)by;
	pthread_cond_broadcast(&w->changed);
	pthread_mutex_unlock(&w->lock);
}

void writer_hold(struct writer *w)
{
	change_holds(w, 1);
}

void writer_release(struct writer *w)
{
	change_holds(w, -1);
}

void writer_stop(struct writer *w)
{
	if (!w)
		return;
	pthread_mutex_lock(&w->lock);
	w->stopping = true;
	pthread_cond_broadcast(&w->changed);
	pthread_mutex_unlock(&w->lock);
	pthread_join(w->thread, NULL);
	store_batch_done(&w->batch);
	store_batch_done(&w->writing);
	free(w);
}
