#include <errno.h>
#include <search.h>
#include <stdlib.h>

#include "server/engine/state.h"

struct stop_intent {
	struct intent intent;
	struct intent *teardown; /* of the tunnel; NULL if it was down */
};

struct idle_plan {
	const struct engine *e;
	struct plan *plan;
	int r;
};

static void stop_commit(struct engine *e, struct intent *intent)
{
	struct stop_intent *i = CONTAINER_OF(intent, struct stop_intent, intent);

	engine_commit(e, i->teardown);
	free(i);
}

static void stop_drop(struct engine *e, struct intent *intent)
{
	struct stop_intent *i = CONTAINER_OF(intent, struct stop_intent, intent);

	engine_drop(e, i->teardown);
	free(i);
}

/* A shared bridge comes up once for each of its services: deleting what is gone is ok. */
static void plan_idle(const void *node, VISIT visit, void *arg)
{
	const struct service *service = *(struct service *const *)node;
	struct idle_plan *idle = arg;

	if ((visit == preorder || visit == leaf) && idle->r == 0 &&
	    service->segment->n_attached == 0)
		idle->r = segment_plan_removal(service->segment, idle->plan);
}

int engine_stop(struct engine *e, struct plan *plan, struct intent **ret)
{
	struct idle_plan idle = { .e = e, .plan = plan };
	struct stop_intent *i = calloc(1, sizeof(*i));
	int r;

	if (!i)
		return -ENOMEM;
	i->intent = (struct intent){ .commit = stop_commit, .drop = stop_drop };
	r = engine_global_teardown(e, plan, &i->teardown);
	if (r == 0 || r == -EALREADY) {
		twalk_r(e->services, plan_idle, &idle);
		r = idle.r;
	}
	if (r == 0 && !plan_add(plan, STEP_FIREWALL_DELETE))
		r = -ENOMEM;
	if (r < 0) {
		stop_drop(e, &i->intent);
		return r;
	}
	*ret = &i->intent;
	return 0;
}
