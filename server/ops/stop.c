#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "server/ops/channel.h"
#include "server/ops/daemon.h"
#include "server/ops/resolve.h"

/* The last job. */
struct stop {
	struct job job;
	struct plan plan;
	struct daemon *daemon;
	struct intent *intent;
	void (*done)(struct daemon *d);
};

/* Nothing comes after it that could go on with what is left. */
static void step_failed(struct job *job)
{
	struct stop *stop = CONTAINER_OF(job, struct stop, job);

	log_at(stop->daemon->log, LOG_ERROR, "stop: %s", job->plan->detail);
}

static void stopped(struct job *job)
{
	struct stop *stop = CONTAINER_OF(job, struct stop, job);

	engine_commit(stop->daemon->engine, stop->intent);
	stop->done(stop->daemon);
	plan_done(&stop->plan);
	free(stop);
}

int ops_stop(struct daemon *d, void (*done)(struct daemon *d))
{
	struct stop *stop = calloc(1, sizeof(*stop));
	int r;

	if (!stop)
		return -ENOMEM;
	resolve_stop(d);
	channel_close(d);
	stop->daemon = d;
	stop->done = done;
	r = engine_stop(d->engine, &stop->plan, &stop->intent);
	if (r < 0) {
		plan_done(&stop->plan);
		free(stop);
		return r;
	}
	stop->job = (struct job){ .plan = &stop->plan, .failed = step_failed, .done = stopped };
	worker_submit(d->worker, &stop->job);
	return 0;
}
