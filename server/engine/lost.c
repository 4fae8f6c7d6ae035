/* What is known where records are lost. */
#include <string.h>

#include "server/engine/segment.h"

const char *engine_lost_service(const struct engine *e, struct ovd_view link, struct ovd_view name)
{
	const struct service *found = NULL;
	struct tree_node *at;
	struct tree_walk walk;

	for (at = tree_first(&walk, e->services); at; at = tree_next(&walk)) {
		const struct service *service = CONTAINER_OF(at, struct service, node);

		if (!view_eq(view(service->segment->link), link) ||
		    strncmp(service->name, name.p, name.n) != 0)
			continue;
		if (service->name[name.n] == '\0')
			return service->name;
		if (found)
			return NULL;
		found = service;
	}
	return found ? found->name : NULL;
}

void engine_lost_address(struct engine *e, const struct ovd_ip *ip)
{
	struct pool *pool = pool_of(e, ip);

	if (pool)
		pool_claim(pool, ip);
}
