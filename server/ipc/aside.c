#include "server/ipc/aside.h"

#include "runtime/util.h"

static struct aside *aside_of(uv_work_t *work)
{
	return CONTAINER_OF(work, struct aside, work);
}

static void run(uv_work_t *work)
{
	struct aside *a = aside_of(work);

	a->run(a);
}

/* Nobody cancels it. */
static void done(uv_work_t *work, int status _unused_)
{
	struct aside *a = aside_of(work);

	a->done(a);
}

void aside_begin(struct aside *a, uv_loop_t *loop, void (*run_it)(struct aside *a),
		 void (*done_with)(struct aside *a))
{
	a->run = run_it;
	a->done = done_with;
	uv_queue_work(loop, &a->work, run, done); /* fails only without a function */
}
