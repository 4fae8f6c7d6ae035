#include <errno.h>
#include <string.h>

#include "server/engine/dedicated.h"

bool engine_owns_link(const struct engine *e, struct ovd_view link)
{
	struct tree_node *at;
	struct tree_walk walk;

	if (e->global.up && view_eq(view(e->global.link), link))
		return true;
	for (const struct dedicated *d = e->dedicated; d; d = d->next)
		if (view_eq(view(d->link), link))
			return true;
	for (at = tree_first(&walk, e->services); at; at = tree_next(&walk))
		if (view_eq(view(CONTAINER_OF(at, struct service, node)->segment->link), link))
			return true;
	return false;
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

		if (engine_owns_link(e, link) || named(link, live, n_live))
			continue;
		step = &PLAN_ADD(plan, STEP_BRIDGE_DELETE)->bridge_delete;
		text_copy(step->link, sizeof(step->link), link);
		text_copy(step->alias, sizeof(step->alias), view(e->mark));
		step->idle_only = true;
	}
	return 0;
}

/* What is just being made or removed brings its own steps. */
int engine_repair(struct engine *e, struct plan *plan)
{
	struct step_uplink *uplink;
	struct tree_node *at;
	struct tree_walk walk;
	int r;

	if (e->n_services == 0 && !e->global.up)
		return 0;
	uplink = &PLAN_ADD(plan, STEP_UPLINK)->uplink;
	text_copy(uplink->mark, sizeof(uplink->mark), view(e->mark));
	PLAN_ADD(plan, STEP_FIREWALL);
	if (e->global.up && !e->global.busy)
		PLAN_ADD(plan, STEP_PREFIX)->prefix.cidr = e->global.pool.block;
	r = dedicated_plan_prefixes(e, plan);
	for (at = tree_first(&walk, e->services); at && r == 0; at = tree_next(&walk)) {
		struct segment *segment = CONTAINER_OF(at, struct service, node)->segment;

		if (!segment->busy)
			r = segment_plan_prefixes(segment, STEP_PREFIX, plan);
	}
	return r;
}
