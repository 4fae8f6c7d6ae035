#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "schema/overlayd_ops.h"
#include "server/ops/channel.h"
#include "server/ops/daemon.h"
#include "server/ops/resolve.h"
#include "server/store/writer.h"

/* The last job. */
struct stop {
	struct job job;
	struct plan plan;
	struct daemon *daemon;
	struct intent *intent;
	struct buf left; /* what failed, in words */
	void (*done)(struct daemon *d, struct ovd_view left);
};

static void stop_free(struct stop *stop)
{
	plan_done(&stop->plan);
	buf_done(&stop->left);
	free(stop);
}

/* Nothing comes after it that could go on with what is left. */
static void step_failed(struct job *job)
{
	struct stop *stop = CONTAINER_OF(job, struct stop, job);

	log_at(stop->daemon->log, LOG_ERROR, "stop: %s", job->plan->detail);
	buf_printf(&stop->left, "%s%s", stop->left.n > 0 ? "; " : "", job->plan->detail);
}

static void stopped(struct job *job)
{
	struct stop *stop = CONTAINER_OF(job, struct stop, job);

	engine_commit(stop->daemon->engine, stop->intent);
	stop->done(stop->daemon, buf_view(&stop->left));
	stop_free(stop);
}

/* The store is to be removed: nobody writes to it any more. */
static void end_writing(struct daemon *d)
{
	engine_watch_peers(d->engine, NULL, NULL);
	writer_stop(d->writer);
	d->writer = NULL;
}

int ops_stop(struct daemon *d, bool all, void (*done)(struct daemon *d, struct ovd_view left))
{
	struct stop *stop = calloc(1, sizeof(*stop));
	int r;

	if (!stop)
		return -ENOMEM;
	resolve_stop(d);
	channels_close(d);
	stop->daemon = d;
	stop->done = done;
	if (all)
		end_writing(d);
	r = all ? engine_remove_all(d->engine, &stop->plan)
		: engine_stop(d->engine, &stop->plan, &stop->intent);
	if (r < 0) {
		stop_free(stop);
		return r;
	}
	stop->job = (struct job){ .plan = &stop->plan, .failed = step_failed, .done = stopped };
	worker_submit(d->worker, &stop->job);
	return 0;
}

/* ---- operations ---- */

int ovd_op_shutdown(struct call *call)
{
	call->daemon->stop(call->daemon, call, ENDING_DOWN);
	return call_park(call);
}

int ovd_op_uninstall(struct call *call, const struct ovd_uninstall *request)
{
	struct daemon *d = call->daemon;
	size_t n = engine_attachment_count(d->engine);

	if (n > 0 && !request->yes)
		return call_fail(
			call, -EBUSY,
			"uninstall: %zu container%s would lose %s network; `yes` allows it", n,
			n == 1 ? "" : "s", n == 1 ? "its" : "their");
	d->stop(d, call, request->purge ? ENDING_PURGE : ENDING_REMOVE);
	return call_park(call);
}
