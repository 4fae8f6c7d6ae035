#include <errno.h>
#include <stdlib.h>

#include "server/engine/dedicated.h"

struct stop_intent {
	struct intent intent;
	struct intent *teardown; /* of the tunnel; NULL if it was down */
};

static void stop_commit(struct engine *e, struct intent *intent)
{
	struct stop_intent *i = CONTAINER_OF(intent, struct stop_intent, intent);

	engine_commit(e, i->teardown);
	dedicated_stopped(e);
	free(i);
}

static void stop_drop(struct engine *e, struct intent *intent)
{
	struct stop_intent *i = CONTAINER_OF(intent, struct stop_intent, intent);

	engine_drop(e, i->teardown);
	free(i);
}

/* Guests and processes of the host are no ports: they come back with the tunnel. A shared bridge
 * comes up once for each of its services: deleting what is gone is ok. */
static int plan_idle(const struct engine *e, struct plan *plan)
{
	struct tree_node *at;
	struct tree_walk walk;
	int r = 0;

	for (at = tree_first(&walk, e->services); at && r == 0; at = tree_next(&walk)) {
		const struct service *service = CONTAINER_OF(at, struct service, node);

		if (!segment_has_ports(service->segment))
			r = segment_plan_removal(e, service, plan);
	}
	return r;
}

int engine_stop(struct engine *e, struct plan *plan, struct intent **ret)
{
	struct stop_intent *i = calloc(1, sizeof(*i));
	int r;

	if (!i)
		return -ENOMEM;
	i->intent = (struct intent){ .commit = stop_commit, .drop = stop_drop };
	r = global_down(e, false, plan, &i->teardown); /* it comes back with the next start */
	if (r == 0 || r == -EALREADY)
		r = dedicated_plan_stop(e, plan);
	if (r == 0)
		r = plan_idle(e, plan);
	if (r == 0 && (!plan_add(plan, STEP_FIREWALL_DELETE) ||
		       !plan_add(plan, STEP_SETTINGS_BACK) || !plan_add(plan, STEP_GONE)))
		r = -ENOMEM;
	if (r < 0) {
		stop_drop(e, &i->intent);
		return r;
	}
	*ret = &i->intent;
	return 0;
}

int engine_remove_all(struct engine *e, struct plan *plan)
{
	struct step *clear = PLAN_ADD(plan, STEP_CLEAR);

	text_copy(clear->clear.mark, sizeof(clear->clear.mark), view(e->mark));
	PLAN_ADD(plan, STEP_FIREWALL_DELETE);
	PLAN_ADD(plan, STEP_SETTINGS_BACK);
	return 0;
}
