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
	void (*done)(struct daemon *d, int r, const char *detail);
};

static void stopped(struct job *job)
{
	struct stop *stop = CONTAINER_OF(job, struct stop, job);

	if (job->result < 0)
		engine_drop(stop->daemon->engine, stop->intent);
	else
		engine_commit(stop->daemon->engine, stop->intent);
	stop->done(stop->daemon, job->result, stop->plan.detail);
	plan_done(&stop->plan);
	free(stop);
}

int ops_stop(struct daemon *d, void (*done)(struct daemon *d, int r, const char *detail))
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
	stop->job = (struct job){ .plan = &stop->plan, .done = stopped };
	worker_submit(d->worker, &stop->job);
	return 0;
}
