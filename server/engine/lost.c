/* What is known where records are lost. */
#include <stdlib.h>
#include <string.h>

#include "server/engine/block.h"
#include "server/engine/record.h"
#include "server/engine/segment.h"

/* "zl-A-B-g": the two, if there is but one way to read it; see name_link. */
static void split_name(struct ovd_view link, struct state_global *ret)
{
	struct ovd_view parts[4];
	size_t n = 0, start = 0;

	for (size_t i = 0; i <= link.n; i++) {
		if (i < link.n && link.p[i] != '-')
			continue;
		if (n == ARRAY_SIZE(parts))
			return;
		parts[n++] = (struct ovd_view){ .p = link.p + start, .n = i - start };
		start = i + 1;
	}
	if (n < ARRAY_SIZE(parts))
		return;
	ret->deployment = parts[1];
	ret->instance = parts[2];
}

bool engine_lost_tunnel(struct ovd_view link, const struct ovd_cidr *address, uint16_t port,
			struct state_global *ret)
{
	const struct ovd_cidr cluster = cidr_network(&address->ip, address->prefix_len);
	const struct ovd_cidr first = block_first(&cluster);
	const struct ovd_cidr own = cidr_network(&address->ip, first.prefix_len);
	const struct ovd_ip node = ip_add(&own.ip, 1);

	if (!ip_eq(&node, &address->ip) || link.n < 2 || memcmp(link.p + link.n - 2, "-g", 2) != 0)
		return false;
	*ret = (struct state_global){ .deployment = VIEW_LITERAL(""),
				      .instance = VIEW_LITERAL(""),
				      .link = link,
				      .cluster = record_prefix(&cluster),
				      .has_slice = !cidr_eq(&own, &first),
				      .slice = record_prefix(&own),
				      .port = port,
				      .up = true };
	split_name(link, ret);
	return true;
}

size_t engine_lost_subnets(const struct ovd_cidr *addresses, size_t n, struct state_prefix *ret)
{
	size_t found = 0;

	for (size_t i = 0; i < n; i++) {
		const struct ovd_cidr subnet =
			cidr_network(&addresses[i].ip, addresses[i].prefix_len);
		struct pool pool;
		struct ovd_ip gateway;

		if (pool_init(&pool, &subnet) < 0)
			continue;
		gateway = pool_gateway(&pool);
		if (ip_eq(&gateway, &addresses[i].ip))
			ret[found++] = record_prefix(&subnet);
	}
	return found;
}

bool engine_lost_is_beside(const struct ovd_cidr *tunnel, const struct state_prefix *bridge)
{
	const struct ovd_cidr subnet = { .ip = bridge->ip, .prefix_len = bridge->length };
	const struct ovd_cidr whole = block_whole(&subnet), upper = block_half(&whole, true);
	const struct ovd_cidr lower = block_half(&whole, false);

	return cidr_eq(&subnet, &upper) && cidr_eq(tunnel, &lower);
}

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

bool engine_service_is_known(const struct engine *e, struct ovd_view name)
{
	return service_find(e, name);
}

bool engine_is_our_address(struct engine *e, const struct ovd_ip *ip)
{
	return pool_of(e, ip);
}

static bool lose(struct engine *e, const struct ovd_ip *ip, bool is_alias)
{
	struct pool *pool = pool_of(e, ip);
	struct lost *more;

	if (pool && pool_claim(pool, ip) < 0)
		return false;
	more = realloc(e->lost, (e->n_lost + 1) * sizeof(*more));
	if (!more)
		return pool;
	e->lost = more;
	e->lost[e->n_lost++] = (struct lost){ .ip = *ip, .is_alias = is_alias };
	return true;
}

bool engine_lost_address(struct engine *e, const struct ovd_ip *ip)
{
	return lose(e, ip, false);
}

bool engine_lost_alias(struct engine *e, const struct ovd_ip *ip)
{
	return e->global.has_block && cidr_holds(&e->global.pool.block, ip) && lose(e, ip, true);
}

int pool_begin(const struct engine *e, struct pool *pool, const struct ovd_cidr *block)
{
	int r = pool_init(pool, block);

	for (size_t i = 0; i < e->n_lost && r == 0; i++)
		pool_claim(pool, &e->lost[i].ip);
	return r;
}
