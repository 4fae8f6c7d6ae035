#include <errno.h>

#include "server/engine/dedicated.h"
#include "server/engine/segment.h"

struct teardown_intent {
	struct intent intent;
	struct service *service;
	struct state_prefix subnets[SEGMENT_BLOCKS_MAX]; /* for its record */
};

static void teardown_commit(struct engine *e, struct intent *intent)
{
	struct teardown_intent *i = CONTAINER_OF(intent, struct teardown_intent, intent);

	i->service->segment->busy = false;
	service_forget(e, i->service);
	spare_give(&e->spare, i, sizeof(*i));
}

static void leave_commit(struct engine *e, struct intent *intent)
{
	struct teardown_intent *i = CONTAINER_OF(intent, struct teardown_intent, intent);

	service_leave(e, i->service, true);
	i->service->segment->busy = false;
	spare_give(&e->spare, i, sizeof(*i));
}

static void teardown_drop(struct engine *e, struct intent *intent)
{
	struct teardown_intent *i = CONTAINER_OF(intent, struct teardown_intent, intent);

	i->service->segment->busy = false;
	spare_give(&e->spare, i, sizeof(*i));
}

const char *engine_service_leaver(const struct engine *e)
{
	struct tree_node *at;
	struct tree_walk walk;

	if (e->n_leaving == 0)
		return NULL;
	for (at = tree_first(&walk, e->services); at; at = tree_next(&walk)) {
		const struct service *service = CONTAINER_OF(at, struct service, node);

		if (service->leaving && !service->reaped && service->n_attached == 0 &&
		    !service->segment->busy)
			return service->name;
	}
	return NULL;
}

int engine_service_reap(struct engine *e, struct ovd_view name, struct plan *plan,
			struct intent **ret)
{
	struct service *service = service_find(e, name);

	if (!service || !service->leaving || service->n_attached > 0)
		return -EALREADY;
	service_reaped(e, service);
	return engine_service_teardown(e, name, plan, ret);
}

/* While containers are attached it is only noted that it goes with the last of them; a bridge that
 * other services share stays for them. */
static int plan_teardown(const struct engine *e, struct teardown_intent *i, struct plan *plan)
{
	const struct service *service = i->service;
	struct state_record record = record_of_service(service, i->subnets), leaving = record;
	int r = 0;

	if (service->n_attached > 0) {
		leaving.service.leaving = true;
		return plan_remember_instead(plan, leaving, record);
	}
	if (service->dedicated)
		r = dedicated_plan_removal(e, service->dedicated, plan);
	if (r == 0 && service->segment->n_services == 1)
		r = segment_plan_removal(e, service, plan);
	if (r == 0)
		r = plan_forget(plan, record);
	if (r == 0 && service->segment->n_services == 1) /* behind it: a service that a crash
							    leaves keeps them */
		r = segment_plan_leases_end(service->segment, plan);
	return r;
}

int engine_service_teardown(struct engine *e, struct ovd_view name, struct plan *plan,
			    struct intent **ret)
{
	struct service *service = service_find(e, name);
	struct teardown_intent *i;
	int r;

	if (!service || (service->leaving && service->n_attached > 0))
		return -EALREADY;
	if (service_must_wait(service))
		return -EINPROGRESS;
	i = spare_take(&e->spare, sizeof(*i));
	if (!i)
		return -ENOMEM;
	*i = (struct teardown_intent){ .intent = { .drop = teardown_drop }, .service = service };
	i->intent.commit = service->n_attached > 0 ? leave_commit : teardown_commit;
	r = plan_teardown(e, i, plan);
	if (r < 0) {
		spare_give(&e->spare, i, sizeof(*i));
		return r;
	}
	service->segment->busy = true;
	*ret = &i->intent;
	return 0;
}
