#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "server/engine/block.h"
#include "server/engine/dedicated.h"
#include "server/engine/doubt.h"
#include "server/engine/name.h"
#include "server/engine/record.h"

struct global_intent {
	struct intent intent;
	struct global next;             /* what the node has when the plan stands */
	char was_alias[LINK_ALIAS_MAX]; /* of its tunnel, for the plan */
	struct tunnel_peer *peers;      /* for the plan; their lists are the peers' own */
	size_t n_peers;
	struct ovd_ip *aliases; /* the same, of processes that share the host's network */
	size_t n_aliases;
};

static void intent_free(struct engine *e, struct global_intent *i)
{
	spare_give(&e->spare, i->peers, i->n_peers * sizeof(*i->peers));
	spare_give(&e->spare, i->aliases, i->n_aliases * sizeof(*i->aliases));
	spare_give(&e->spare, i, sizeof(*i));
}

struct ovd_cidr global_block(bool has_slice, const struct ovd_cidr *cluster,
			     const struct ovd_cidr *slice)
{
	if (!has_slice)
		return block_first(cluster);
	return block_count(slice) >= 2 ? block_first(slice) : *slice;
}

struct tunnel_way global_way(const struct global *global)
{
	struct tunnel_way way = { .up = global->up };

	if (!way.up)
		return way;
	text_copy(way.link, sizeof(way.link), view(global->link));
	way.on_link = global->cluster;
	way.source = pool_gateway(&global->pool);
	return way;
}

struct global_view engine_global(const struct engine *e)
{
	const struct global *g = &e->global;

	if (!g->up)
		return (struct global_view){ .link = "" };
	return (struct global_view){
		.link = g->link,
		.node_ip = pool_gateway(&g->pool),
		.port = g->port,
		.has_cluster = true,
		.cluster = g->cluster,
		.has_slice = g->has_slice,
		.slice = g->slice,
	};
}

static void global_commit(struct engine *e, struct intent *intent)
{
	struct global_intent *i = CONTAINER_OF(intent, struct global_intent, intent);

	/* addresses may have come back meanwhile; a new block is taken only when none was out */
	if (e->global.has_block && cidr_eq(&e->global.pool.block, &i->next.pool.block))
		i->next.pool = e->global.pool;
	e->global = i->next;
	doubts_end(&e->peers, !e->global.up);
	intent_free(e, i);
}

static void global_drop(struct engine *e, struct intent *intent)
{
	struct global_intent *i = CONTAINER_OF(intent, struct global_intent, intent);

	e->global.busy = false;
	intent_free(e, i);
}

static struct global_intent *intent_new(struct engine *e, const struct global *next)
{
	struct global_intent *i = spare_take(&e->spare, sizeof(*i));

	if (i)
		*i = (struct global_intent){ { .commit = global_commit, .drop = global_drop },
					     .next = *next };
	return i;
}

static int check_ranges(struct engine *e, const struct global_spec *spec)
{
	char cluster[CIDR_TEXT_MAX], slice[CIDR_TEXT_MAX];
	const struct service *taken = dedicated_at(e, spec->port);
	unsigned most = ip_bits(&spec->cluster.ip) - 1;

	if (taken)
		return engine_refuse(e, -EBUSY,
				     "wg_port %u is that of service %s's tunnel: tear that down "
				     "first",
				     spec->port, taken->name);
	cidr_format(&spec->cluster, cluster);
	if (spec->cluster.prefix_len > most)
		return engine_refuse(e, -EINVAL, "cluster_cidr %s: no room for a node", cluster);
	if (spec->cluster.prefix_len == 0)
		return engine_refuse(e, -EINVAL,
				     "cluster_cidr %s would take all of the host's traffic into "
				     "the tunnel",
				     cluster);
	if (!spec->has_slice)
		return 0;
	cidr_format(&spec->slice, slice);
	if (!cidr_covers(&spec->cluster, &spec->slice))
		return engine_refuse(e, -EINVAL, "slice_cidr %s is not inside cluster_cidr %s",
				     slice, cluster);
	if (spec->slice.prefix_len > most)
		return engine_refuse(e, -EINVAL, "slice_cidr %s: no room for a node", slice);
	return 0;
}

/* NULL if there is none. */
static const struct service *find_overlap(const struct engine *e, const struct ovd_cidr *block)
{
	const struct prefix *taken = prefix_overlapping(&e->blocks, block);
	struct tree_node *at;
	struct tree_walk walk;

	if (!taken)
		return NULL;
	for (at = tree_first(&walk, e->services); at; at = tree_next(&walk)) {
		const struct service *service = CONTAINER_OF(at, struct service, node);

		if (service->segment == taken->owner)
			return service;
	}
	return NULL;
}

/* A service may have been set up before the node's range was known, or under another one. */
static int check_block_free(struct engine *e, const struct ovd_cidr *block)
{
	const struct service *service = find_overlap(e, block);
	char a[CIDR_TEXT_MAX], b[CIDR_TEXT_MAX];

	if (!service)
		return 0;
	return engine_refuse(
		e, -EBUSY,
		"the node's block %s overlaps subnet %s of service %s: tear that down first",
		cidr_format(block, a), cidr_format(&service->segment->pool.block, b),
		service->name);
}

static void name_global(const struct global_spec *spec, char ret[LINK_NAME_MAX])
{
	struct ovd_view parts[] = { spec->deployment, spec->instance };

	name_link(parts, ARRAY_SIZE(parts), "g", ret);
}

/* What the node has if the spec is carried out. */
static int global_next(struct engine *e, const struct global_spec *spec, struct global *next)
{
	struct ovd_cidr block = global_block(spec->has_slice, &spec->cluster, &spec->slice);
	char text[CIDR_TEXT_MAX];
	int r;

	*next = e->global;
	if (!next->has_block || !cidr_eq(&next->pool.block, &block)) {
		if (next->has_block && next->pool.n_given > 0)
			return engine_refuse(
				e, -EBUSY, "%u addresses of the node's block %s are in use",
				next->pool.n_given, cidr_format(&next->pool.block, text));
		r = check_block_free(e, &block);
		if (r < 0)
			return r;
		r = pool_begin(e, &next->pool, &block);
		if (r < 0)
			return engine_refuse(e, r, "the node's block %s has no usable size",
					     cidr_format(&block, text));
		next->has_block = true;
	}
	text_copy(next->deployment, sizeof(next->deployment), spec->deployment);
	text_copy(next->instance, sizeof(next->instance), spec->instance);
	if (!next->up)
		name_global(spec, next->link);
	next->cluster = spec->cluster;
	next->has_slice = spec->has_slice;
	next->slice = spec->slice;
	next->port = spec->port;
	next->up = true;
	return 0;
}

static struct tunnel_want tunnel_want(const struct engine *e, const struct global *g)
{
	return (struct tunnel_want){
		.ip = pool_gateway(&g->pool),
		.prefix_len = g->cluster.prefix_len,
		.block = g->pool.block,
		.listen_port = g->port,
		.private_key = e->private_key,
	};
}

/* The tunnel's address, and with it the routes that name it as their source. */
static bool same_address(const struct global *a, const struct global *b)
{
	return cidr_eq(&a->pool.block, &b->pool.block) && cidr_eq(&a->cluster, &b->cluster);
}

static int collect_aliases(struct engine *e, struct global_intent *i)
{
	size_t n = hosts_aliases(e, NULL);

	if (n == 0)
		return 0;
	i->aliases = spare_take(&e->spare, n * sizeof(*i->aliases));
	if (!i->aliases)
		return -ENOMEM;
	i->n_aliases = hosts_aliases(e, i->aliases);
	return 0;
}

static int plan_tunnel(struct engine *e, struct global_intent *i, struct plan *plan)
{
	const struct global *was = &e->global, *next = &i->next;
	struct tunnel_way way = global_way(next), way_was = global_way(was);
	struct step_tunnel *tunnel;
	int r = was->has_block
			? plan_remember_instead(plan, record_of_global(next), record_of_global(was))
			: plan_remember(plan, record_of_global(next));

	if (r < 0)
		return r;
	PLAN_ADD(plan, STEP_FIREWALL);
	if (was->has_block && !cidr_eq(&was->pool.block, &next->pool.block)) /* they may overlap */
		PLAN_ADD(plan, STEP_PREFIX_DELETE)->prefix.cidr = was->pool.block;
	PLAN_ADD(plan, STEP_PREFIX)->prefix.cidr = next->pool.block;
	if (was->up && !same_address(was, next)) /* the kernel would take them, and not give back */
		r = peers_plan_routes(&e->peers, &way_was, STEP_ROUTE_DELETE, plan);
	if (r < 0)
		return r;
	plan->patient = true;
	tunnel = &PLAN_ADD(plan, STEP_TUNNEL)->tunnel;
	text_copy(tunnel->link, sizeof(tunnel->link), view(next->link));
	alias_of_tunnel(e, next, tunnel->alias);
	text_copy(tunnel->mark, sizeof(tunnel->mark), view(e->mark));
	tunnel->want = tunnel_want(e, next);
	tunnel->has_was = was->up;
	if (was->up) {
		tunnel->was = tunnel_want(e, was);
		alias_of_tunnel(e, was, i->was_alias);
		tunnel->was_alias = i->was_alias;
	}
	r = peers_for_tunnel(e, &e->peers, &i->peers);
	if (r < 0)
		return r;
	i->n_peers = e->peers.n;
	tunnel->peers = i->peers;
	tunnel->n_peers = i->n_peers;
	r = collect_aliases(e, i);
	if (r < 0)
		return r;
	tunnel->aliases = i->aliases;
	tunnel->n_aliases = i->n_aliases;
	return peers_plan_routes(&e->peers, &way, STEP_ROUTE, plan);
}

/* Peers that are being changed end first, and no others begin: the plan is given all of them. */
static bool must_wait(struct engine *e)
{
	e->peers.waits = !e->global.busy && e->peers.n_busy > 0;
	return e->global.busy || e->peers.waits;
}

/* Also when all is as it was: the platform knows what is missing, and makes it again. */
int engine_global_setup(struct engine *e, const struct global_spec *spec, struct plan *plan,
			struct intent **ret)
{
	struct global_intent *i;
	struct global next;
	int r;

	if (must_wait(e))
		return -EINPROGRESS;
	r = check_ranges(e, spec);
	if (r == 0)
		r = global_next(e, spec, &next);
	if (r < 0)
		return r;
	i = intent_new(e, &next);
	if (!i)
		return -ENOMEM;
	r = plan_tunnel(e, i, plan);
	if (r < 0) {
		global_drop(e, &i->intent);
		return r;
	}
	e->global.busy = true;
	*ret = &i->intent;
	return 0;
}

int engine_global_again(struct engine *e, bool complete, struct plan *plan, struct intent **ret)
{
	const struct global *g = &e->global;
	struct global_spec spec = { .deployment = view(g->deployment),
				    .instance = view(g->instance),
				    .cluster = g->cluster,
				    .has_slice = g->has_slice,
				    .slice = g->slice,
				    .port = g->port };
	int r = g->up ? engine_global_setup(e, &spec, plan, ret) : -EALREADY;

	for (size_t i = 0; r == 0 && i < plan->n; i++)
		if (plan_at(plan, i)->kind == STEP_TUNNEL)
			plan_at(plan, i)->tunnel.only = complete;
	return r;
}

static int plan_removal(const struct engine *e, struct plan *plan)
{
	struct step_tunnel_delete *step;

	if (e->global.pool.n_given == 0)
		PLAN_ADD(plan, STEP_PREFIX_DELETE)->prefix.cidr = e->global.pool.block;
	step = &PLAN_ADD(plan, STEP_TUNNEL_DELETE)->tunnel_delete;
	text_copy(step->link, sizeof(step->link), view(e->global.link));
	alias_format(e, "tunnel", e->global.link, step->alias);
	return 0;
}

int global_down(struct engine *e, bool remembered, struct plan *plan, struct intent **ret)
{
	struct global_intent *i;
	int r;

	if (must_wait(e))
		return -EINPROGRESS;
	if (!e->global.up)
		return -EALREADY;
	i = intent_new(e, &e->global);
	if (!i)
		return -ENOMEM;
	i->next.up = false;
	r = plan_removal(e, plan);
	if (r == 0 && remembered)
		r = plan_remember_instead(plan, record_of_global(&i->next),
					  record_of_global(&e->global));
	if (r < 0) {
		global_drop(e, &i->intent);
		return r;
	}
	e->global.busy = true;
	*ret = &i->intent;
	return 0;
}

int engine_global_teardown(struct engine *e, struct plan *plan, struct intent **ret)
{
	return global_down(e, true, plan, ret);
}
