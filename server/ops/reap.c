#include "server/ops/reap.h"

#include <stdlib.h>

#include "server/ops/channel.h"

struct reap {
	struct daemon *daemon;
	struct plan plan;
	struct intent *intent;
	struct job job;
};

static void end(struct reap *reap)
{
	reap->daemon->reap = NULL;
	plan_done(&reap->plan);
	free(reap);
}

static bool begin(struct reap *reap);

static void removed(struct job *job)
{
	struct reap *reap = CONTAINER_OF(job, struct reap, job);
	struct daemon *d = reap->daemon;

	if (job->result == 0) {
		engine_commit(d->engine, reap->intent);
	} else {
		engine_drop(d->engine, reap->intent);
		log_at(d->log, LOG_WARN, "a service could not go with its last container: %s",
		       reap->plan.detail);
	}
	plan_clear(&reap->plan);
	if (job->result < 0 || !begin(reap))
		end(reap);
	d->settled(d);
}

static bool begin(struct reap *reap)
{
	if (engine_service_reap(reap->daemon->engine, &reap->plan, &reap->intent) < 0)
		return false;
	channels_close_for(reap->daemon, &reap->plan);
	reap->job = (struct job){ .plan = &reap->plan, .done = removed };
	worker_submit(reap->daemon->worker, &reap->job);
	return true;
}

void reap_look(struct daemon *d)
{
	struct reap *reap;

	if (d->reap || !engine_service_leaves(d->engine))
		return;
	reap = calloc(1, sizeof(*reap));
	if (!reap)
		return;
	reap->daemon = d;
	d->reap = reap;
	if (!begin(reap))
		end(reap);
}

bool reap_is_busy(const struct daemon *d)
{
	return d->reap;
}
