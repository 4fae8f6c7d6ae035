#include <errno.h>
#include <stdlib.h>

#include "schema/overlayd_ops.h"
#include "server/ops/daemon.h"

static void reply_pruned(struct call *call)
{
	struct ovd_view *names = arena_alloc(call->arena, call->plan.n * sizeof(*names) + 1);
	size_t n = 0;

	if (!names) {
		call_fail(call, -ENOMEM, "prune_orphan_bridges: no memory");
		return;
	}
	for (size_t i = 0; i < call->plan.n; i++) {
		const struct step *step = plan_at(&call->plan, i);

		if (step->bridge_delete.gone)
			names[n++] = view(step->bridge_delete.link);
	}
	call_reply(call, &(struct ovd_response){
				 .kind = OVD_RESPONSE_PRUNED_BRIDGES,
				 .pruned_bridges = { .reclaimed = { .items = names, .n = n } },
			 });
}

static void removed(struct call *call, int r)
{
	if (r < 0)
		call_fail(call, r, "prune_orphan_bridges: %s", call->plan.detail);
	else
		reply_pruned(call);
}

static void listed(struct call *call, int r)
{
	const struct ovd_prune_orphan_bridges *request = &call->request->prune_orphan_bridges;
	struct step_bridge_list found = plan_at(&call->plan, 0)->bridge_list;

	if (r < 0) {
		call_fail(call, r, "prune_orphan_bridges: %s", call->plan.detail);
		return;
	}
	plan_clear(&call->plan);
	r = engine_prune(call->daemon->engine, request->live_bridge_names.items,
			 request->live_bridge_names.n, &found, &call->plan);
	free(found.names);
	if (r < 0)
		call_fail(call, r, "prune_orphan_bridges: no memory");
	else
		call_run(call, removed);
}

int ovd_op_prune_orphan_bridges(struct call *call,
				const struct ovd_prune_orphan_bridges *request _unused_)
{
	struct step *step = plan_add(&call->plan, STEP_BRIDGE_LIST);

	if (!step)
		return call_fail(call, -ENOMEM, "prune_orphan_bridges: no memory");
	strncat(step->bridge_list.mark, engine_mark(call->daemon->engine),
		sizeof(step->bridge_list.mark) - 1);
	return call_run(call, listed);
}
