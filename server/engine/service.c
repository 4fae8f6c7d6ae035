#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "server/engine/block.h"
#include "server/engine/name.h"
#include "server/engine/state.h"

/* What the reference calls the one bridge of all shared services when it chooses its block. */
#define SHARED_KEY VIEW_LITERAL("__zlayer_shared_bridge__")

/* Where addresses come from while nobody has said what the cluster's range is: 10.200.0.0/16. */
static const struct ovd_cidr default_cluster = { .ip = { .len = 4, .b = { 10, 200 } },
						 .prefix_len = 16 };

struct service_intent {
	struct intent intent;
	struct service *service;
	enum service_mode mode; /* setup */
	bool is_new;            /* setup: the record was made for it */
	bool moves;             /* setup: the segment's pool is `next` afterwards */
	struct pool next;
	struct prefix coming;         /* the block of `next`, in the engine's blocks meanwhile */
	char (*ports)[LINK_NAME_MAX]; /* setup: what is to be on the bridge, for the plan */
	size_t room;                  /* for so many ports */
};

static void intent_free(struct engine *e, struct service_intent *i)
{
	spare_give(&e->spare, i->ports, i->room * sizeof(*i->ports));
	spare_give(&e->spare, i, sizeof(*i));
}

static int compare(const struct tree_node *a, const struct tree_node *b)
{
	return strcmp(CONTAINER_OF(a, struct service, node)->name,
		      CONTAINER_OF(b, struct service, node)->name);
}

struct service *service_find(const struct engine *e, struct ovd_view name)
{
	struct service key;
	struct tree_node *found;

	if (name.n > NAME_MAX_BYTES)
		return NULL;
	text_copy(key.name, sizeof(key.name), name);
	found = tree_find(e->services, &key.node, compare);
	return found ? CONTAINER_OF(found, struct service, node) : NULL;
}

const char *engine_service_link(const struct engine *e, struct ovd_view name)
{
	const struct service *service = service_find(e, name);

	return service ? service->segment->link : "";
}

size_t engine_service_count(const struct engine *e)
{
	return e->n_services;
}

static void segment_free(struct engine *e, struct segment *segment)
{
	prefix_delete(&e->blocks, &segment->block);
	spare_give(&e->spare, segment, sizeof(*segment));
}

static void service_free(struct engine *e, struct service *service)
{
	if (--service->segment->n_services == 0)
		segment_free(e, service->segment);
	spare_give(&e->spare, service, sizeof(*service));
}

void engine_free_services(struct engine *e)
{
	struct tree_node *at;
	struct tree_walk walk;

	for (at = tree_first(&walk, e->services); at; at = tree_next(&walk))
		service_free(e, CONTAINER_OF(at, struct service, node));
}

void service_forget(struct engine *e, struct service *service)
{
	tree_delete(&e->services, &service->node, compare);
	e->n_services--;
	if (e->shared == service->segment && service->segment->n_services == 1)
		e->shared = NULL;
	service_free(e, service);
}

/* ---- which block ---- */

struct taken {
	const struct engine *e;
	bool fallback;
};

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
	if (taken.fallback && prefix_overlapping(&taken.e->allowed, block))
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

static int choose_block(struct engine *e, struct ovd_view key, struct ovd_cidr *ret)
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

/* ---- setup ---- */

/* Where the segment moves to, if it does; that is taken from now on. */
static int begin_move(struct engine *e, struct service_intent *i)
{
	struct segment *segment = i->service->segment;
	struct ovd_view key = segment == e->shared ? SHARED_KEY : view(i->service->name);
	bool held = segment->held;
	struct ovd_cidr block;
	int r;

	segment->held = false;
	if (held || !segment_can_move(e, segment))
		return 0;
	r = choose_block(e, key, &block);
	if (r == 0)
		r = pool_init(&i->next, &block);
	if (r < 0)
		return r;
	i->coming = (struct prefix){ .cidr = block, .owner = segment };
	prefix_insert(&e->blocks, &i->coming);
	i->moves = true;
	return 0;
}

/* There, or, if it doesn't stand, back. */
static void end_move(struct engine *e, struct service_intent *i, bool stands)
{
	struct segment *segment = i->service->segment;

	if (!i->moves)
		return;
	prefix_delete(&e->blocks, &i->coming);
	if (!stands)
		return;
	prefix_delete(&e->blocks, &segment->block);
	segment->pool = i->next;
	segment->block.cidr = i->next.block;
	prefix_insert(&e->blocks, &segment->block);
}

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

static int segment_new(struct engine *e, bool shared, struct ovd_view service, struct segment **ret)
{
	struct segment *segment = spare_take(&e->spare, sizeof(*segment));
	struct ovd_cidr block;
	char name[NAME_MAX_BYTES + 1];
	int r;

	if (!segment)
		return -ENOMEM;
	r = choose_block(e, shared ? SHARED_KEY : service, &block);
	if (r == 0)
		r = pool_init(&segment->pool, &block);
	if (r < 0) {
		spare_give(&e->spare, segment, sizeof(*segment));
		return r;
	}
	segment->block = (struct prefix){ .cidr = block, .owner = segment };
	prefix_insert(&e->blocks, &segment->block);
	text_copy(name, sizeof(name), shared ? VIEW_LITERAL("shared") : service);
	name_segment(e, shared, service, segment->link);
	alias_format(e, shared ? "bridge" : "service", name, segment->alias);
	*ret = segment;
	return 0;
}

static int plan_segment(struct engine *e, struct service_intent *i, struct plan *plan)
{
	const struct segment *segment = i->service->segment;
	const struct pool *pool = i->moves ? &i->next : &segment->pool;
	struct step_bridge *bridge;

	PLAN_ADD(plan, STEP_FIREWALL);
	PLAN_ADD(plan, STEP_PREFIX)->prefix.cidr = pool->block;
	bridge = &PLAN_ADD(plan, STEP_BRIDGE)->bridge;
	text_copy(bridge->link, sizeof(bridge->link), view(segment->link));
	text_copy(bridge->alias, sizeof(bridge->alias), view(segment->alias));
	bridge->gateway = pool_gateway(pool);
	bridge->prefix_len = pool->block.prefix_len;
	if (i->moves) {
		bridge->was = pool_gateway(&segment->pool);
		bridge->was_len = segment->pool.block.prefix_len;
		PLAN_ADD(plan, STEP_PREFIX_DELETE)->prefix.cidr = segment->pool.block;
		return 0; /* nobody is on it */
	}
	if (segment->n_attached == 0)
		return 0;
	i->ports = spare_take(&e->spare, segment->n_attached * sizeof(*i->ports));
	if (!i->ports)
		return -ENOMEM;
	i->room = segment->n_attached;
	bridge->ports = i->ports;
	bridge->n_ports = segment_ports(segment, i->ports);
	return 0;
}

static void setup_commit(struct engine *e, struct intent *intent)
{
	struct service_intent *i = CONTAINER_OF(intent, struct service_intent, intent);
	struct segment *segment = i->service->segment;

	i->service->mode = i->mode;
	i->service->leaving = false;
	end_move(e, i, true);
	segment->busy = false;
	intent_free(e, i);
}

static void setup_drop(struct engine *e, struct intent *intent)
{
	struct service_intent *i = CONTAINER_OF(intent, struct service_intent, intent);

	end_move(e, i, false);
	i->service->segment->busy = false;
	if (i->is_new)
		service_forget(e, i->service);
	intent_free(e, i);
}

/* A record of the service on its segment; the segment is the service's if it has no other. */
static int service_new(struct engine *e, struct ovd_view name, enum service_mode mode,
		       struct segment *segment, struct service **ret)
{
	struct service *service = spare_take(&e->spare, sizeof(*service));

	if (!service)
		return -ENOMEM;
	text_copy(service->name, sizeof(service->name), name);
	service->mode = mode;
	service->segment = segment;
	tree_insert(&e->services, &service->node, compare);
	segment->n_services++;
	e->n_services++;
	*ret = service;
	return 0;
}

static bool same_segment(enum service_mode a, enum service_mode b)
{
	return (a == SERVICE_SHARED) == (b == SERVICE_SHARED);
}

static int setup_again(struct engine *e, struct service *service, enum service_mode mode)
{
	if (!same_segment(service->mode, mode))
		return engine_refuse(
			e, -EEXIST,
			"service %s is set up %s a bridge of its own: tear it down first",
			service->name, service->mode == SERVICE_SHARED ? "without" : "with");
	return 0;
}

/* A record of the service, on the bridge of all shared ones or on one of its own. */
static int setup_new(struct engine *e, struct ovd_view name, enum service_mode mode,
		     struct service **ret)
{
	struct segment *segment = mode == SERVICE_SHARED ? e->shared : NULL;
	int r = segment ? 0 : segment_new(e, mode == SERVICE_SHARED, name, &segment);

	if (r < 0)
		return r;
	r = service_new(e, name, mode, segment, ret);
	if (r < 0 && segment->n_services == 0)
		segment_free(e, segment);
	if (r == 0 && mode == SERVICE_SHARED)
		e->shared = segment;
	return r;
}

static bool must_wait(const struct engine *e, const struct service *service, enum service_mode mode)
{
	const struct segment *segment = service                  ? service->segment
					: mode == SERVICE_SHARED ? e->shared
								 : NULL;

	return segment ? segment->busy : e->global.busy;
}

/* Also when all is as it was: the platform knows what is missing, and makes it again. */
int engine_service_setup(struct engine *e, struct ovd_view name, enum service_mode mode,
			 struct plan *plan, struct intent **ret)
{
	struct service *service = service_find(e, name);
	bool is_new = !service;
	struct service_intent *i;
	int r;

	if (name.n == 0 || name.n > NAME_MAX_BYTES)
		return engine_refuse(e, -EINVAL, "service: a name has 1 to %d bytes",
				     NAME_MAX_BYTES);
	if (must_wait(e, service, mode))
		return -EINPROGRESS;
	r = service ? setup_again(e, service, mode) : setup_new(e, name, mode, &service);
	if (r < 0)
		return r;
	i = spare_take(&e->spare, sizeof(*i));
	if (!i) {
		if (is_new)
			service_forget(e, service);
		return -ENOMEM;
	}
	*i = (struct service_intent){ { .commit = setup_commit, .drop = setup_drop },
				      .service = service,
				      .mode = mode,
				      .is_new = is_new };
	service->segment->busy = true;
	r = is_new ? 0 : begin_move(e, i);
	if (r == 0)
		r = plan_segment(e, i, plan);
	if (r < 0) {
		setup_drop(e, &i->intent);
		return r;
	}
	*ret = &i->intent;
	return 0;
}

bool engine_service_elsewhere(struct engine *e, struct intent *intent)
{
	struct service_intent *i = CONTAINER_OF(intent, struct service_intent, intent);
	const struct segment *segment = i->service->segment;
	struct ovd_cidr *more;

	if (!i->moves && (!i->is_new || segment->n_services > 1))
		return false;
	more = realloc(e->occupied, (e->n_occupied + 1) * sizeof(*more));
	if (!more)
		return false;
	e->occupied = more;
	e->occupied[e->n_occupied++] = i->moves ? i->coming.cidr : segment->pool.block;
	setup_drop(e, intent);
	return true;
}

bool engine_service_stay(struct engine *e, struct intent *intent)
{
	struct service_intent *i = CONTAINER_OF(intent, struct service_intent, intent);

	if (!i->moves)
		return false;
	i->service->segment->held = true;
	setup_drop(e, intent);
	return true;
}

/* ---- teardown ---- */

int segment_plan_removal(const struct segment *segment, struct plan *plan)
{
	struct step_bridge_delete *step;

	PLAN_ADD(plan, STEP_PREFIX_DELETE)->prefix.cidr = segment->pool.block;
	step = &PLAN_ADD(plan, STEP_BRIDGE_DELETE)->bridge_delete;
	text_copy(step->link, sizeof(step->link), view(segment->link));
	text_copy(step->alias, sizeof(step->alias), view(segment->alias));
	return 0;
}

static void teardown_commit(struct engine *e, struct intent *intent)
{
	struct service_intent *i = CONTAINER_OF(intent, struct service_intent, intent);

	service_forget(e, i->service);
	intent_free(e, i);
}

static void teardown_drop(struct engine *e, struct intent *intent)
{
	struct service_intent *i = CONTAINER_OF(intent, struct service_intent, intent);

	i->service->segment->busy = false;
	intent_free(e, i);
}

static const struct service *find_leaver(const struct engine *e)
{
	struct tree_node *at;
	struct tree_walk walk;

	for (at = tree_first(&walk, e->services); at; at = tree_next(&walk)) {
		const struct service *service = CONTAINER_OF(at, struct service, node);

		if (service->leaving && service->n_attached == 0 && !service->segment->busy)
			return service;
	}
	return NULL;
}

int engine_service_reap(struct engine *e, struct plan *plan, struct intent **ret)
{
	const struct service *leaver = find_leaver(e);

	return leaver ? engine_service_teardown(e, view(leaver->name), plan, ret) : -EALREADY;
}

int engine_service_teardown(struct engine *e, struct ovd_view name, struct plan *plan,
			    struct intent **ret)
{
	struct service *service = service_find(e, name);
	struct service_intent *i;
	int r;

	if (!service)
		return -EALREADY;
	if (service->segment->busy)
		return -EINPROGRESS;
	if (service->n_attached > 0) {
		service->leaving = true;
		return -EALREADY;
	}
	if (service->segment->n_services > 1) {
		service_forget(e, service);
		return -EALREADY;
	}
	i = spare_take(&e->spare, sizeof(*i));
	if (!i)
		return -ENOMEM;
	r = segment_plan_removal(service->segment, plan);
	if (r < 0) {
		spare_give(&e->spare, i, sizeof(*i));
		return r;
	}
	*i = (struct service_intent){ { .commit = teardown_commit, .drop = teardown_drop },
				      .service = service };
	service->segment->busy = true;
	*ret = &i->intent;
	return 0;
}
