#include <errno.h>

#include "server/engine/segment.h"

/* Services whose subnets were chosen before the node's slice was known, or under another one: other
 * nodes send what is for the slice here, and nothing else. */

static bool is_outside(const struct engine *e, const struct segment *segment)
{
	const struct ovd_cidr range = services_range(e);

	return e->global.has_block && !cidr_covers(&range, &segment->pool.block);
}

bool segment_can_move(const struct engine *e, const struct segment *segment)
{
	return !e->global.busy && segment->pool.n_given == 0 && !segment->more &&
	       is_outside(e, segment);
}

static bool is_movable(const struct engine *e, const struct service *service)
{
	const struct segment *segment = service->segment;

	return !service->leaving && !service->dedicated && !segment->busy && !segment->held &&
	       segment_can_move(e, segment);
}

int engine_service_move(struct engine *e, struct plan *plan, struct intent **ret)
{
	struct tree_node *at;
	struct tree_walk walk;

	for (at = tree_first(&walk, e->services); at; at = tree_next(&walk)) {
		const struct service *service = CONTAINER_OF(at, struct service, node);

		if (is_movable(e, service))
			return engine_service_setup(e, view(service->name), service->mode, plan,
						    ret);
	}
	return -EALREADY;
}

size_t engine_services_outside(const struct engine *e, const char **ret_name)
{
	struct tree_node *at;
	struct tree_walk walk;
	size_t n = 0;

	for (at = tree_first(&walk, e->services); at; at = tree_next(&walk)) {
		const struct service *service = CONTAINER_OF(at, struct service, node);

		if (!is_outside(e, service->segment))
			continue;
		*ret_name = service->name;
		n++;
	}
	return n;
}

bool engine_service_is_outside(const struct engine *e, struct ovd_view name)
{
	const struct service *service = service_find(e, name);

	return service && is_outside(e, service->segment);
}
