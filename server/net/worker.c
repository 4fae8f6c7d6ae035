#include "server/net/worker.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "runtime/thread.h"
#include "runtime/util.h"
#include "server/net/plan_run.h"

struct queue {
	struct job *first;
	struct job **end;
};

struct worker {
	const struct net *net;
	pthread_t thread;
	pthread_mutex_t lock; /* around all below */
	pthread_cond_t work;
	struct queue waiting, ended;
	bool stopping;
	int event; /* readable while jobs have ended */
};

static void queue_init(struct queue *q)
{
	*q = (struct queue){ .first = NULL, .end = &q->first };
}

static void queue_put(struct queue *q, struct job *job)
{
	job->next = NULL;
	*q->end = job;
	q->end = &job->next;
}

static struct job *queue_take(struct queue *q)
{
	struct job *job = q->first;

	if (job) {
		q->first = job->next;
		if (!q->first)
			q->end = &q->first;
	}
	return job;
}

static int run_all(const struct net *net, struct job *job)
{
	int first = 0;

	for (size_t i = 0; i < job->plan->n; i++) {
		int r = plan_run_step(net, job->plan, i);

		if (r < 0)
			job->failed(job);
		if (first == 0)
			first = r;
	}
	return first;
}

static void run_job(const struct net *net, struct job *job)
{
	if (job->run) {
		job->run(job);
		job->result = 0;
	} else if (job->undo) {
		plan_undo(net, job->plan);
		job->result = 0;
	} else if (job->failed) {
		job->result = run_all(net, job);
	} else {
		job->result = plan_run_part(net, job->plan);
	}
}

static void *run(void *arg)
{
	struct worker *w = arg;

	pthread_mutex_lock(&w->lock);
	for (;;) {
		struct job *job = queue_take(&w->waiting);

		if (!job && w->stopping)
			break;
		if (!job) {
			pthread_cond_wait(&w->work, &w->lock);
			continue;
		}
		pthread_mutex_unlock(&w->lock);
		run_job(w->net, job);
		pthread_mutex_lock(&w->lock);
		if (job->result == NET_MORE) {
			queue_put(&w->waiting, job);
			continue;
		}
		queue_put(&w->ended, job);
		eventfd_write(w->event, 1);
	}
	pthread_mutex_unlock(&w->lock);
	return NULL;
}

int worker_start(const struct net *net, struct worker **ret)
{
	struct worker *w = calloc(1, sizeof(*w));
	int r;

	if (!w)
		return -ENOMEM;
	*w = (struct worker){ .net = net,
			      .lock = PTHREAD_MUTEX_INITIALIZER,
			      .work = PTHREAD_COND_INITIALIZER };
	queue_init(&w->waiting);
	queue_init(&w->ended);
	w->event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	r = w->event < 0 ? -errno : thread_start(&w->thread, run, w);
	if (r < 0) {
		fd_closep(&w->event);
		free(w);
		return r;
	}
	*ret = w;
	return 0;
}

void worker_submit(struct worker *w, struct job *job)
{
	if (!job->run && !job->undo)
		job->plan->n_done = 0;
	pthread_mutex_lock(&w->lock);
	queue_put(&w->waiting, job);
	pthread_cond_signal(&w->work);
	pthread_mutex_unlock(&w->lock);
}

int worker_fd(const struct worker *w)
{
	return w->event;
}

static struct job *take_ended(struct worker *w)
{
	struct job *job;

	pthread_mutex_lock(&w->lock);
	job = queue_take(&w->ended);
	pthread_mutex_unlock(&w->lock);
	return job;
}

void worker_collect(struct worker *w)
{
	struct job *job;
	eventfd_t count;

	eventfd_read(w->event, &count);
	while ((job = take_ended(w)))
		job->done(job);
}

void worker_stop(struct worker *w)
{
	if (!w)
		return;
	pthread_mutex_lock(&w->lock);
	w->stopping = true;
	pthread_cond_signal(&w->work);
	pthread_mutex_unlock(&w->lock);
	pthread_join(w->thread, NULL);
	worker_collect(w);
	fd_closep(&w->event);
	free(w);
}
