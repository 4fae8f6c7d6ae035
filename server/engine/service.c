#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "server/engine/attachment.h"
#include "server/engine/dedicated.h"
#include "server/engine/imported.h"
#include "server/engine/peer.h"
#include "server/engine/record.h"
#include "server/engine/segment.h"

struct service_intent {
	struct intent intent;
	struct service *service;
	enum service_mode mode; /* setup */
	bool is_new;            /* setup: the record was made for it */
	bool leaving;           /* setup: it goes with its last container all the same */
	bool moves;             /* setup: the segment's pool is `next` afterwards */
	struct pool next;
	struct prefix coming; /* the block of `next`, in the engine's blocks meanwhile */
	bool grows;           /* setup: the segment's last subnet is new */
	struct state_prefix subnets[SEGMENT_BLOCKS_MAX]; /* for records: those it has */
	struct state_prefix next_subnet;                 /* and that of `next` */
	struct ovd_cidr more[SEGMENT_BLOCKS_MAX];        /* its other addresses, for the plan */
	char (*ports)[LINK_NAME_MAX]; /* setup: what is to be on the bridge, for the plan */
	size_t room;                  /* for so many ports */
	bool complete;                /* setup: its own tunnel has no other peers than these */
	struct tunnel_peer *peers;    /* the same; their lists are the peers' own */
	size_t n_peers;
};

static void intent_free(struct engine *e, struct service_intent *i)
{
	spare_give(&e->spare, i->ports, i->room * sizeof(*i->ports));
	spare_give(&e->spare, i->peers, i->n_peers * sizeof(*i->peers));
	spare_give(&e->spare, i, sizeof(*i));
}

static struct ovd_view block_key(const struct engine *e, const struct service *service)
{
	return service->segment == e->shared ? SHARED_KEY : view(service->name);
}

/* Where the segment moves to, if it does; that is taken from now on. */
static int begin_move(struct engine *e, struct service_intent *i)
{
	struct segment *segment = i->service->segment;
	bool held = segment->held;
	struct ovd_cidr block;
	int r;

	segment->held = false;
	if (held || i->service->dedicated || !segment_can_move(e, segment))
		return 0;
	r = segment_choose_block(e, block_key(e, i->service), &block);
	if (r == 0)
		r = pool_begin(e, &i->next, &block);
	if (r < 0)
		return r;
	i->coming = (struct prefix){ .cidr = block, .owner = segment };
	prefix_insert(&e->blocks, &i->coming);
	i->next_subnet = record_prefix(&block);
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

/* Nobody takes an address of it while the segment is busy. */
static int begin_growth(struct engine *e, struct service_intent *i)
{
	struct ovd_cidr block;
	int r;

	i->grows = false; /* there is nothing to be taken back yet */
	r = segment_choose_block(e, block_key(e, i->service), &block);
	if (r == 0)
		r = segment_grow(e, i->service->segment, &block);
	i->grows = r == 0;
	return r;
}

static int plan_record(struct service_intent *i, const struct service *service, struct plan *plan)
{
	struct state_record was = record_of_service(service, i->subnets), next = was;

	if (i->moves)
		next.service.blocks.items = &i->next_subnet;
	if (i->grows)
		was.service.blocks.n--;
	if (service == i->service) {
		next.service.mode = record_mode(i->mode);
		next.service.leaving = i->leaving;
	}
	return i->is_new ? plan_remember(plan, next) : plan_remember_instead(plan, next, was);
}

/* It is written down first: a daemon that dies in between makes the rest when it starts again. Who
 * shares a bridge moves, or grows, with it: all of them, or none. */
static int plan_records(const struct engine *e, struct service_intent *i, struct plan *plan)
{
	size_t first = plan->n;
	struct tree_node *at;
	struct tree_walk walk;
	int r = plan_record(i, i->service, plan);

	if ((!i->moves && !i->grows) || i->service->segment->n_services == 1)
		return r;
	for (at = tree_first(&walk, e->services); at && r == 0; at = tree_next(&walk)) {
		const struct service *service = CONTAINER_OF(at, struct service, node);

		if (service != i->service && service->segment == i->service->segment)
			r = plan_record(i, service, plan);
	}
	for (; first + 1 < plan->n; first++)
		plan_at(plan, first)->remember.more = true;
	return r;
}

/* Its addresses beside the first. */
static size_t collect_more(struct segment *segment, struct ovd_cidr *more)
{
	const struct pool *pool;
	size_t n = 0;

	for (; (pool = segment_pool_at(segment, n + 1)); n++)
		more[n] = (struct ovd_cidr){ pool_gateway(pool), pool->block.prefix_len };
	return n;
}

/* A bridge that has to be made answers for nobody. */
static int plan_proxies(const struct segment *segment, struct plan *plan)
{
	int r = 0;

	for (const struct attachment *a = segment->attached; a && r == 0; a = a->next)
		if (a->owner.kind == HANDLE_GUEST)
			r = guest_plan_proxy(a, STEP_PROXY, plan);
	return r;
}

static int plan_tunnel(struct engine *e, struct service_intent *i, struct plan *plan)
{
	const struct dedicated *d = i->service->dedicated;

	if (!d)
		return 0;
	i->n_peers = d->peers.n;
	return dedicated_plan_setup(e, d, i->complete, &i->peers, plan);
}

static int plan_segment(struct engine *e, struct service_intent *i, struct plan *plan)
{
	struct segment *segment = i->service->segment;
	const struct pool *pool = i->moves ? &i->next : &segment->pool;
	struct step_bridge *bridge;
	int r = 0;

	PLAN_ADD(plan, STEP_FIREWALL);
	if (i->moves)
		PLAN_ADD(plan, STEP_PREFIX)->prefix.cidr = pool->block;
	else
		r = segment_plan_prefixes(segment, STEP_PREFIX, plan);
	if (r == 0)
		r = plan_tunnel(e, i, plan);
	if (r < 0)
		return r;
	bridge = &PLAN_ADD(plan, STEP_BRIDGE)->bridge;
	text_copy(bridge->link, sizeof(bridge->link), view(segment->link));
	alias_of_service(e, i->service, i->mode, bridge->alias);
	bridge->gateway = pool_gateway(pool);
	bridge->prefix_len = pool->block.prefix_len;
	bridge->more = i->more;
	bridge->n_more = collect_more(segment, i->more);
	bridge->grows = i->grows;
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
	return plan_proxies(segment, plan);
}

static void setup_commit(struct engine *e, struct intent *intent)
{
	struct service_intent *i = CONTAINER_OF(intent, struct service_intent, intent);
	struct segment *segment = i->service->segment;

	i->service->mode = i->mode;
	service_leave(e, i->service, i->leaving);
	end_move(e, i, true);
	if (i->service->dedicated) {
		dedicated_made(i->service->dedicated);
		imported_end(e, i->service->name);
	}
	segment->busy = false;
	intent_free(e, i);
}

static void setup_drop(struct engine *e, struct intent *intent)
{
	struct service_intent *i = CONTAINER_OF(intent, struct service_intent, intent);

	end_move(e, i, false);
	if (i->grows)
		segment_shrink(e, i->service->segment);
	i->service->segment->busy = false;
	if (i->is_new)
		service_forget(e, i->service);
	intent_free(e, i);
}

/* What a service has of its own. */
static const char *own_things(enum service_mode mode)
{
	switch (mode) {
	case SERVICE_AUTO:
	case SERVICE_ISOLATED:
		return "with a bridge of its own";
	case SERVICE_SHARED:
		return "without a bridge of its own";
	case SERVICE_DEDICATED:
		return "with a tunnel of its own";
	}
	return "";
}

static int setup_again(struct engine *e, struct service *service, enum service_mode mode)
{
	if (strcmp(own_things(service->mode), own_things(mode)) != 0)
		return engine_refuse(e, -EEXIST, "service %s is set up %s: tear it down first",
				     service->name, own_things(service->mode));
	return 0;
}

/* A record of the service, on the bridge of all shared ones or on one of its own. */
static int setup_new(struct engine *e, struct ovd_view name, enum service_mode mode,
		     struct service **ret)
{
	struct segment *segment = mode == SERVICE_SHARED ? e->shared : NULL;
	int r = segment ? 0 : segment_new(e, mode, name, &segment);

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
	const struct segment *segment = mode == SERVICE_SHARED ? e->shared : NULL;

	if (service)
		return service_must_wait(service);
	return segment ? segment->busy : e->global.busy;
}

/* What `i` says of the service, which is a new record or one of before. */
static int setup_begin(struct engine *e, const struct service_intent *wanted, struct plan *plan,
		       struct intent **ret)
{
	struct service_intent *i = spare_take(&e->spare, sizeof(*i));
	int r;

	if (!i) {
		if (wanted->is_new)
			service_forget(e, wanted->service);
		return -ENOMEM;
	}
	*i = *wanted;
	i->intent = (struct intent){ .commit = setup_commit, .drop = setup_drop };
	i->service->segment->busy = true;
	r = i->is_new ? 0 : i->grows ? begin_growth(e, i) : begin_move(e, i);
	if (r == 0)
		r = plan_records(e, i, plan);
	if (r == 0)
		r = plan_segment(e, i, plan);
	if (r == 0 && i->service->dedicated)
		r = imported_plan_end(e, i->service->name, plan);
	if (r < 0) {
		setup_drop(e, &i->intent);
		return r;
	}
	*ret = &i->intent;
	return 0;
}

static int setup_new_dedicated(struct engine *e, struct ovd_view name, const struct ovd_key *keys,
			       struct service **ret)
{
	int r = dedicated_check(e);

	if (r == 0)
		r = setup_new(e, name, SERVICE_DEDICATED, ret);
	if (r < 0)
		return r;
	r = dedicated_new(e, *ret, &keys[0], &keys[1]);
	if (r < 0)
		service_forget(e, *ret);
	return r;
}

/* keys: of a tunnel of its own, private and public; NULL: it has none. Also when all is as it was:
 * the platform knows what is missing, and makes it again. */
static int setup(struct engine *e, struct ovd_view name, enum service_mode mode,
		 const struct ovd_key *keys, struct plan *plan, struct intent **ret)
{
	struct service_intent wanted = { .service = service_find(e, name), .mode = mode };
	int r;

	if (name.n == 0 || name.n > NAME_MAX_BYTES)
		return engine_refuse(e, -EINVAL, "service: a name has 1 to %d bytes",
				     NAME_MAX_BYTES);
	if (must_wait(e, wanted.service, mode))
		return -EINPROGRESS;
	wanted.is_new = !wanted.service;
	if (!wanted.is_new)
		r = setup_again(e, wanted.service, mode);
	else if (keys)
		r = setup_new_dedicated(e, name, keys, &wanted.service);
	else
		r = setup_new(e, name, mode, &wanted.service);
	return r < 0 ? r : setup_begin(e, &wanted, plan, ret);
}

int engine_service_setup(struct engine *e, struct ovd_view name, enum service_mode mode,
			 struct plan *plan, struct intent **ret)
{
	return setup(e, name, mode, NULL, plan, ret);
}

int engine_service_setup_dedicated(struct engine *e, struct ovd_view name,
				   const struct ovd_key *private_key,
				   const struct ovd_key *public_key, struct plan *plan,
				   struct intent **ret)
{
	struct ovd_key keys[] = { *private_key, *public_key };
	int r = setup(e, name, SERVICE_DEDICATED, keys, plan, ret);

	explicit_bzero(keys, sizeof(keys));
	return r;
}

static int again(struct engine *e, struct service *service, bool complete, struct plan *plan,
		 struct intent **ret)
{
	struct service_intent wanted = { .service = service,
					 .mode = service->mode,
					 .leaving = service->leaving,
					 .complete = complete };

	return service_must_wait(service) ? -EINPROGRESS : setup_begin(e, &wanted, plan, ret);
}

int engine_service_again(struct engine *e, size_t i, bool complete, struct plan *plan,
			 struct intent **ret)
{
	struct service *service = service_at(e, i);

	return service ? again(e, service, complete, plan, ret) : -ENOENT;
}

int engine_tunnel_again(struct engine *e, struct ovd_view name, struct plan *plan,
			struct intent **ret)
{
	struct service *service = name.p ? service_find(e, name) : NULL;

	if (!name.p)
		return engine_global_again(e, false, plan, ret);
	return service && service->dedicated ? again(e, service, false, plan, ret) : -EALREADY;
}

void engine_tunnel_not_again(struct engine *e, struct ovd_view name)
{
	struct peer_set *set;

	if (peers_of(e, name, &set) == 0)
		set->waits = false; /* another one that it waits for says so again */
}

static bool is_full(struct segment *segment)
{
	const struct pool *pool;

	for (size_t i = 0; (pool = segment_pool_at(segment, i)); i++)
		if (!pool_is_full(pool))
			return false;
	return true;
}

int engine_service_grow(struct engine *e, struct ovd_view name, struct plan *plan,
			struct intent **ret)
{
	struct service_intent wanted = { .service = service_find(e, name), .grows = true };

	if (!wanted.service || !is_full(wanted.service->segment))
		return -EALREADY;
	if (wanted.service->dedicated)
		return segment_refuse_full(e, wanted.service);
	if (wanted.service->segment->busy || e->global.busy)
		return -EINPROGRESS;
	if (segment_pool_at(wanted.service->segment, SEGMENT_BLOCKS_MAX - 1))
		return engine_refuse(e, -ENOSPC, "service %s: all of its %d subnets are full",
				     wanted.service->name, SEGMENT_BLOCKS_MAX);
	wanted.mode = wanted.service->mode;
	wanted.leaving = wanted.service->leaving;
	return setup_begin(e, &wanted, plan, ret);
}

/* What somebody else has of the host, if the subnet is newly chosen. */
static bool chosen_block(const struct service_intent *i, struct ovd_cidr *ret)
{
	struct segment *segment = i->service->segment;
	size_t last = 0;

	while (i->grows && segment_pool_at(segment, last + 1))
		last++;
	*ret = i->moves ? i->coming.cidr : segment_pool_at(segment, last)->block;
	return i->moves || i->grows || (i->is_new && segment->n_services == 1);
}

bool engine_service_elsewhere(struct engine *e, struct intent *intent)
{
	struct service_intent *i = CONTAINER_OF(intent, struct service_intent, intent);
	struct ovd_cidr *more, block;

	if (!chosen_block(i, &block))
		return false;
	more = realloc(e->occupied, (e->n_occupied + 1) * sizeof(*more));
	if (!more)
		return false;
	e->occupied = more;
	e->occupied[e->n_occupied++] = block;
	setup_drop(e, intent);
	return true;
}

bool engine_service_other_port(struct engine *e, struct intent *intent)
{
	struct service_intent *i = CONTAINER_OF(intent, struct service_intent, intent);

	if (!i->is_new || !i->service->dedicated)
		return false;
	dedicated_port_occupied(e, i->service->dedicated);
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
