/* A thread beside the loop. The link thread is one: it runs plans one after another, so that the
 * loop never waits for the kernel. */
#pragma once

#include "server/net/net.h"

/* A plan on its way. The caller's, and untouched by it until done is called. */
struct job {
	void (*run)(struct job *job); /* set: called on the thread, instead of a plan */
	struct plan *plan;
	bool undo; /* undo the plan instead of running it */

	/* Set: every step is run, whatever fails, and none is undone. Called on the link thread
	 * after each failure, which job->plan->detail tells. */
	void (*failed)(struct job *job);

	int result;                    /* filled: 0 or the errno of the first failure */
	void (*done)(struct job *job); /* called by worker_collect */
	struct job *next;
};

struct worker;

/* Starts the thread; net, for plans, must outlive it. Negative errno. */
int worker_start(const struct net *net, struct worker **ret);

/* Queues a job; those queued first are run first, but a patient plan's goes behind those that wait,
 * again and again. */
void worker_submit(struct worker *w, struct job *job);

/* Readable while jobs have ended that were not collected. */
int worker_fd(const struct worker *w);

/* Calls done of every job that has ended, in order, on the caller's thread. */
void worker_collect(struct worker *w);

/* Waits for the jobs that are queued, collects them, ends the thread, frees it. Accepts NULL. */
void worker_stop(struct worker *w);
