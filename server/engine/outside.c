#include <errno.h>
#include <search.h>

#include "server/engine/state.h"

/* Services whose subnets were chosen before the node's slice was known, or under another one: other
 * nodes send what is for the slice here, and nothing else. */

static bool is_outside(const struct engine *e, const struct segment *segment)
{
	const struct ovd_cidr range = services_range(e);

	return e->global.has_block && !cidr_covers(&range, &segment->pool.block);
}

bool segment_can_move(const struct engine *e, const struct segment *segment)
{
	return !e->global.busy && segment->pool.n_given == 0 && is_outside(e, segment);
}

struct outside {
	const struct engine *e;
	const struct service *service;
	bool movable; /* only those that are to move now */
	size_t n;
};

static bool is_movable(const struct engine *e, const struct service *service)
{
	const struct segment *segment = service->segment;

	return !service->leaving && !segment->busy && !segment->held &&
	       segment_can_move(e, segment);
}

static void find_outside(const void *node, VISIT visit, void *arg)
{
	const struct service *service = *(struct service *const *)node;
	struct outside *outside = arg;

	if ((visit != preorder && visit != leaf) || !is_outside(outside->e, service->segment) ||
	    (outside->movable && !is_movable(outside->e, service)))
		return;
	outside->service = service;
	outside->n++;
}

int engine_service_move(struct engine *e, struct plan *plan, struct intent **ret)
{
	struct outside outside = { .e = e, .movable = true };

	twalk_r(e->services, find_outside, &outside);
	return outside.n > 0 ? engine_service_setup(e, view(outside.service->name),
						    outside.service->mode, plan, ret)
			     : -EALREADY;
}

size_t engine_services_outside(const struct engine *e, const char **ret_name)
{
	struct outside outside = { .e = e };

	twalk_r(e->services, find_outside, &outside);
	if (outside.n > 0)
		*ret_name = outside.service->name;
	return outside.n;
}

bool engine_service_is_outside(const struct engine *e, struct ovd_view name)
{
	const struct service *service = service_find(e, name);

	return service && is_outside(e, service->segment);
}
