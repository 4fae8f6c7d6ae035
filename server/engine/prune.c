#include <errno.h>
#include <search.h>
#include <string.h>

#include "server/engine/state.h"

struct link_search {
	struct ovd_view link;
	bool found;
};

static void match_service(const void *node, VISIT visit, void *arg)
{
	const struct service *service = *(struct service *const *)node;
	struct link_search *search = arg;

	if ((visit == preorder || visit == leaf) &&
	    view_eq(view(service->segment->link), search->link))
		search->found = true;
}

bool engine_owns_link(const struct engine *e, struct ovd_view link)
{
	struct link_search search = { .link = link };

	if (e->global.up && view_eq(view(e->global.link), link))
		return true;
	twalk_r(e->services, match_service, &search);
	return search.found;
}

static bool named(struct ovd_view link, const struct ovd_view *live, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (view_eq(live[i], link))
			return true;
	return false;
}

int engine_prune(struct engine *e, const struct ovd_view *live, size_t n_live,
		 const struct step_bridge_list *found, struct plan *plan)
{
	for (size_t i = 0; i < found->n_names; i++) {
		struct ovd_view link = view(found->names[i]);
		struct step_bridge_delete *step;

		if (named(link, live, n_live) || engine_owns_link(e, link))
			continue;
		step = &PLAN_ADD(plan, STEP_BRIDGE_DELETE)->bridge_delete;
		text_copy(step->link, sizeof(step->link), link);
		text_copy(step->alias, sizeof(step->alias), view(e->mark));
		step->idle_only = true;
	}
	return 0;
}

static void plan_prefix(const void *node, VISIT visit, void *arg)
{
	const struct service *service = *(struct service *const *)node;
	struct step *step;

	if ((visit != preorder && visit != leaf) || service->segment->busy)
		return;
	step = plan_add(arg, STEP_PREFIX);
	if (step)
		step->prefix.cidr = service->segment->pool.block;
}

/* What is just being made or removed brings its own steps. */
int engine_repair(struct engine *e, struct plan *plan)
{
	struct step_uplink *uplink;

	if (e->n_services == 0 && !e->global.up)
		return 0;
	uplink = &PLAN_ADD(plan, STEP_UPLINK)->uplink;
	text_copy(uplink->mark, sizeof(uplink->mark), view(e->mark));
	PLAN_ADD(plan, STEP_FIREWALL);
	if (e->global.up && !e->global.busy)
		PLAN_ADD(plan, STEP_PREFIX)->prefix.cidr = e->global.pool.block;
	twalk_r(e->services, plan_prefix, plan);
	return 0;
}
