#include "server/repair.h"

static void failed(struct job *job)
{
	struct repair *repair = CONTAINER_OF(job, struct repair, job);

	log_at(repair->daemon->log, LOG_WARN, "repair: %s", job->plan->detail);
}

static void done(struct job *job);

static void run(struct repair *repair)
{
	repair->again = false;
	engine_repair(repair->daemon->engine, &repair->plan);
	if (repair->plan.n == 0)
		return;
	repair->busy = true;
	repair->job = (struct job){ .plan = &repair->plan, .failed = failed, .done = done };
	worker_submit(repair->daemon->worker, &repair->job);
}

static void done(struct job *job)
{
	struct repair *repair = CONTAINER_OF(job, struct repair, job);

	plan_done(&repair->plan);
	repair->busy = false;
	if (repair->again && !repair->ended)
		run(repair);
}

void repair_begin(struct repair *repair)
{
	if (repair->ended)
		return;
	repair->again = true;
	if (!repair->busy)
		run(repair);
}

void repair_end(struct repair *repair)
{
	repair->ended = true;
}
