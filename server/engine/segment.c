#include "server/engine/segment.h"

#include <errno.h>

#include "server/engine/block.h"
#include "server/engine/dedicated.h"
#include "server/engine/name.h"

/* Where addresses come from while nobody has said what the cluster's range is: 10.200.0.0/16. */
static const struct ovd_cidr default_cluster = { .ip = { .len = 4, .b = { 10, 200 } },
						 .prefix_len = 16 };

struct taken {
	const struct engine *e;
	bool fallback;
};

/* Some peer is to be sent what is for it. */
static bool peers_have(const struct engine *e, const struct ovd_cidr *block)
{
	for (const struct dedicated *d = e->dedicated; d; d = d->next)
		if (prefix_overlapping(&d->peers.allowed, block))
			return true;
	return prefix_overlapping(&e->peers.allowed, block);
}

static bool block_taken(const void *arg, const struct ovd_cidr *block)
{
	const struct taken taken = *(const struct taken *)arg;
	const struct global *g = &taken.e->global;
	struct ovd_cidr own = g->has_block ? g->pool.block : block_first(&default_cluster);

	if (cidr_overlaps(&own, block))
		return true;
	for (size_t i = 0; i < taken.e->n_occupied; i++)
		if (cidr_overlaps(&taken.e->occupied[i], block))
			return true;
	if (taken.fallback && peers_have(taken.e, block))
		return true;
	return prefix_overlapping(&taken.e->blocks, block);
}

static bool has_slice(const struct global *g)
{
	return g->has_block && g->has_slice && block_count(&g->slice) >= 2;
}

struct ovd_cidr services_range(const struct engine *e)
{
	const struct global *g = &e->global;

	return has_slice(g) ? g->slice : g->has_block ? g->cluster : default_cluster;
}

int segment_choose_block(struct engine *e, struct ovd_view key, struct ovd_cidr *ret)
{
	bool in_slice = has_slice(&e->global);
	struct ovd_cidr range = services_range(e);
	struct taken taken = { .e = e, .fallback = !in_slice };
	char text[CIDR_TEXT_MAX];

	if (block_choose(&range, key, e->node_id, block_taken, &taken, ret) == 0)
		return 0;
	engine_refuse(e, -ENOSPC, "every block of %s %s is taken: by the node, %zu services%s%s",
		      in_slice ? "slice" : "cluster range", cidr_format(&range, text),
		      e->n_services, in_slice ? "" : " and the peers' allowed IPs",
		      e->n_occupied > 0 ? "; by addresses of the host" : "");
	e->n_occupied = 0; /* they may be gone when it is asked for again */
	return -ENOSPC;
}

/* ---- records ---- */

/* The reference's names, so that its clients recognise them; the deployment is not known before the
 * tunnel was set up. */
static void name_segment(const struct engine *e, bool shared, struct ovd_view service,
			 char ret[LINK_NAME_MAX])
{
	struct ovd_view parts[] = { view(e->global.deployment), view(e->global.instance),
				    shared ? VIEW_LITERAL("shared") : service };
	size_t skip = e->global.has_block ? 0 : 2;

	name_link(parts + skip, ARRAY_SIZE(parts) - skip, shared ? "sh" : "b", ret);
}

int segment_on(struct engine *e, const struct ovd_cidr *block, struct segment **ret)
{
	struct segment *segment = spare_take(&e->spare, sizeof(*segment));
	int r;

	if (!segment)
		return -ENOMEM;
	r = pool_begin(e, &segment->pool, block);
	if (r < 0) {
		spare_give(&e->spare, segment, sizeof(*segment));
		return r;
	}
	segment->block = (struct prefix){ .cidr = *block, .owner = segment };
	prefix_insert(&e->blocks, &segment->block);
	*ret = segment;
	return 0;
}

int segment_new(struct engine *e, enum service_mode mode, struct ovd_view service,
		struct segment **ret)
{
	bool shared = mode == SERVICE_SHARED;
	struct ovd_cidr block;
	int r = segment_choose_block(e, shared ? SHARED_KEY : service, &block);

	if (mode == SERVICE_DEDICATED && r == 0)
		block = block_half(&block, true);
	if (r == 0)
		r = segment_on(e, &block, ret);
	if (r == 0)
		name_segment(e, shared, service, (*ret)->link);
	return r;
}

/* ---- subnets ---- */

struct pool *segment_pool_at(struct segment *segment, size_t i)
{
	struct more_block *more = segment->more;

	if (i == 0)
		return &segment->pool;
	while (more && --i > 0)
		more = more->next;
	return more ? &more->pool : NULL;
}

struct pool *segment_pool_of(struct segment *segment, const struct ovd_ip *ip)
{
	struct pool *pool;

	for (size_t i = 0; (pool = segment_pool_at(segment, i)); i++)
		if (cidr_holds(&pool->block, ip))
			return pool;
	return NULL;
}

int segment_take(struct segment *segment, struct ovd_ip *ret)
{
	struct pool *pool;

	for (size_t i = 0; (pool = segment_pool_at(segment, i)); i++)
		if (pool_take(pool, ret) == 0)
			return 0;
	return -ENOSPC;
}

int segment_refuse_full(struct engine *e, const struct service *service)
{
	const struct pool *pool;
	char text[CIDR_TEXT_MAX];
	unsigned n = 0;

	for (size_t i = 0; (pool = segment_pool_at(service->segment, i)); i++)
		n += pool->n_given;
	return engine_refuse(e, -ENOSPC, "service %s: subnet %s is full: %u addresses are in use",
			     service->name, cidr_format(&service->segment->pool.block, text), n);
}

int segment_grow(struct engine *e, struct segment *segment, const struct ovd_cidr *block)
{
	struct more_block *more = spare_take(&e->spare, sizeof(*more)), **end = &segment->more;
	int r = more ? pool_begin(e, &more->pool, block) : -ENOMEM;

	if (r < 0) {
		spare_give(&e->spare, more, sizeof(*more));
		return r;
	}
	more->block = (struct prefix){ .cidr = *block, .owner = segment };
	prefix_insert(&e->blocks, &more->block);
	while (*end)
		end = &(*end)->next;
	*end = more;
	return 0;
}

void segment_shrink(struct engine *e, struct segment *segment)
{
	struct more_block **last = &segment->more, *more;

	while ((*last)->next)
		last = &(*last)->next;
	more = *last;
	*last = NULL;
	prefix_delete(&e->blocks, &more->block);
	spare_give(&e->spare, more, sizeof(*more));
}

void segment_free(struct engine *e, struct segment *segment)
{
	while (segment->more)
		segment_shrink(e, segment);
	prefix_delete(&e->blocks, &segment->block);
	spare_give(&e->spare, segment, sizeof(*segment));
}

int segment_plan_prefixes(struct segment *segment, enum step_kind kind, struct plan *plan)
{
	const struct pool *pool;

	for (size_t i = 0; (pool = segment_pool_at(segment, i)); i++)
		PLAN_ADD(plan, kind)->prefix.cidr = pool->block;
	return 0;
}

int segment_plan_removal(const struct engine *e, const struct service *service, struct plan *plan)
{
	struct segment *segment = service->segment;
	struct step_bridge_delete *step;
	int r = segment_plan_prefixes(segment, STEP_PREFIX_DELETE, plan);

	if (r < 0)
		return r;
	step = &PLAN_ADD(plan, STEP_BRIDGE_DELETE)->bridge_delete;
	text_copy(step->link, sizeof(step->link), view(segment->link));
	alias_of_bridge(e, service, step->alias);
	return 0;
}

static int plan_leases_end(const struct pool *pool, struct plan *plan)
{
	struct state_record record = { .kind = STATE_RECORD_LEASE };
	int r = 0;

	for (unsigned i = 0; i < pool->size && r == 0; i++) {
		record.lease.ip = ip_add(&pool->block.ip, i);
		if (pool_is_lent(pool, &record.lease.ip))
			r = plan_forget(plan, record);
	}
	return r;
}

int segment_plan_leases_end(struct segment *segment, struct plan *plan)
{
	const struct pool *pool;
	int r = 0;

	for (size_t i = 0; (pool = segment_pool_at(segment, i)) && r == 0; i++)
		r = plan_leases_end(pool, plan);
	return r;
}
