#include <errno.h>

#include "server/engine/segment.h"

struct pool *pool_of(struct engine *e, const struct ovd_ip *ip)
{
	struct ovd_cidr host = cidr_host(ip);
	const struct prefix *block;

	if (e->global.has_block && cidr_holds(&e->global.pool.block, ip))
		return &e->global.pool;
	block = prefix_overlapping(&e->blocks, &host);
	return block ? segment_pool_of(block->owner, ip) : NULL;
}

static int lend(struct engine *e, struct service *service, struct ovd_ip *ret)
{
	struct pool *node = &e->global.pool;
	char text[CIDR_TEXT_MAX];

	if (service && segment_take(service->segment, ret) < 0)
		return segment_refuse_full(e, service);
	if (!service && pool_take(node, ret) < 0)
		return engine_refuse(e, -ENOSPC, "subnet %s is full: %u addresses are in use",
				     cidr_format(&node->block, text), node->n_given);
	pool_lend(service ? segment_pool_of(service->segment, ret) : node, ret);
	return 0;
}

int engine_lend(struct engine *e, struct ovd_view name, struct ovd_ip *ret)
{
	struct service *service = service_find(e, name);

	if (service ? service->segment->busy : e->global.busy)
		return -EINPROGRESS;
	if (!service && !e->global.has_block)
		return engine_refuse(e, -ENOENT,
				     "neither service %.*s nor the global overlay is set up",
				     VIEW(name));
	return lend(e, service, ret);
}

int engine_return(struct engine *e, const struct ovd_ip *ip)
{
	struct pool *pool = pool_of(e, ip);
	char text[IP_TEXT_MAX];

	if (!pool || !pool_is_taken(pool, ip))
		return -EALREADY;
	if (!pool_is_lent(pool, ip))
		return engine_refuse(e, -EBUSY, "%s was not given by allocate_ip",
				     ip_format(ip, text));
	pool_give(pool, ip);
	return 0;
}
