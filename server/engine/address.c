#include <errno.h>
#include <search.h>

#include "server/engine/state.h"

struct holder {
	const struct ovd_ip *ip;
	struct pool *pool;
};

static void find_pool(const void *node, VISIT visit, void *arg)
{
	const struct service *service = *(struct service *const *)node;
	struct holder *holder = arg;

	if ((visit == preorder || visit == leaf) &&
	    cidr_holds(&service->segment->pool.block, holder->ip))
		holder->pool = &service->segment->pool;
}

int engine_lend(struct engine *e, struct ovd_view name, struct ovd_ip *ret)
{
	struct service *service = service_find(e, name);
	struct pool *pool = service ? &service->segment->pool : &e->global.pool;
	char text[CIDR_TEXT_MAX];

	if (service ? service->segment->busy : e->global.busy)
		return -EINPROGRESS;
	if (!service && !e->global.has_block)
		return engine_refuse(e, -ENOENT,
				     "neither service %.*s nor the global overlay is set up",
				     VIEW(name));
	if (pool_take(pool, ret) < 0)
		return engine_refuse(e, -ENOSPC, "subnet %s is full: %u addresses are in use",
				     cidr_format(&pool->block, text), pool->n_given);
	pool_lend(pool, ret);
	return 0;
}

int engine_return(struct engine *e, const struct ovd_ip *ip)
{
	struct holder holder = { .ip = ip };
	char text[IP_TEXT_MAX];

	if (e->global.has_block && cidr_holds(&e->global.pool.block, ip))
		holder.pool = &e->global.pool;
	else
		twalk_r(e->services, find_pool, &holder);
	if (!holder.pool || !pool_is_taken(holder.pool, ip))
		return -EALREADY;
	if (!pool_is_lent(holder.pool, ip))
		return engine_refuse(e, -EBUSY, "%s was not given by allocate_ip",
				     ip_format(ip, text));
	pool_give(holder.pool, ip);
	return 0;
}
