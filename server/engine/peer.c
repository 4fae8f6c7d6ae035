#include "server/engine/peer.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "server/engine/dedicated.h"

static int compare(const struct tree_node *a, const struct tree_node *b)
{
	return memcmp(CONTAINER_OF(a, struct peer, node)->key.b,
		      CONTAINER_OF(b, struct peer, node)->key.b, sizeof(struct ovd_key));
}

int peers_of(struct engine *e, struct ovd_view service, struct peer_set **ret)
{
	const struct service *found = service.p ? service_find(e, service) : NULL;

	if (service.p && (!found || !found->dedicated))
		return engine_refuse(e, -ENOENT, "no dedicated overlay for service %.*s",
				     VIEW(service));
	*ret = found ? &found->dedicated->peers : &e->peers;
	return 0;
}

struct tunnel_way peers_way(const struct engine *e, const struct peer_set *set)
{
	return set->dedicated ? dedicated_way(set->dedicated) : global_way(&e->global);
}

bool peers_are_busy(const struct engine *e, const struct peer_set *set)
{
	const struct dedicated *d = set->dedicated;

	return set->waits || set->syncing || (d ? d->service->segment->busy : e->global.busy);
}

struct peer *peer_find(const struct peer_set *set, const struct ovd_key *key)
{
	struct peer wanted = { .key = *key };
	struct tree_node *found = tree_find(set->root, &wanted.node, compare);

	return found ? CONTAINER_OF(found, struct peer, node) : NULL;
}

int peer_compare(const struct peer *a, const struct peer *b)
{
	return compare(&a->node, &b->node);
}

void peer_insert(struct peer_set *set, struct peer *peer)
{
	tree_insert(&set->root, &peer->node, compare);
	set->n++;
	set->n_guests += peer->guest;
}

void peer_delete(struct engine *e, struct peer_set *set, struct peer *peer)
{
	tree_delete(&set->root, &peer->node, compare);
	set->n--;
	set->n_guests -= peer->guest;
	peer_free(e, peer);
}

struct peer *peer_new(struct engine *e, const struct ovd_key *key, size_t room)
{
	struct peer *peer = spare_take(&e->spare, sizeof(*peer));

	if (!peer)
		return NULL;
	peer->key = *key;
	peer->room = (uint16_t)room;
	peer->allowed = spare_take(&e->spare, room * sizeof(*peer->allowed));
	if (peer->allowed)
		return peer;
	spare_give(&e->spare, peer, sizeof(*peer));
	return NULL;
}

void peer_free(struct engine *e, struct peer *peer)
{
	if (!peer)
		return;
	if (peer->host)
		spare_give(&e->spare, peer->host, strlen(peer->host) + 1);
	spare_give(&e->spare, peer->allowed, peer->room * sizeof(*peer->allowed));
	spare_give(&e->spare, peer, sizeof(*peer));
}

void peer_hold(struct peer_set *set, struct peer *peer)
{
	peer->busy = true;
	set->n_busy++;
}

void peer_release(struct peer_set *set, struct peer *peer)
{
	peer->busy = false;
	set->n_busy--;
}

bool peer_same_endpoint(const struct peer *a, const struct peer *b)
{
	if (a->host || b->host)
		return view_eq(view(a->host), view(b->host));
	return a->has_endpoint == b->has_endpoint && endpoint_eq(&a->endpoint, &b->endpoint);
}

void peers_free(struct engine *e, struct peer_set *set)
{
	struct tree_node *at;
	struct tree_walk walk;

	for (at = tree_first(&walk, set->allowed.root); at; at = tree_next(&walk)) {
		struct prefix *prefix = CONTAINER_OF(at, struct prefix, node);

		spare_give(&e->spare, prefix, sizeof(*prefix));
	}
	for (at = tree_first(&walk, set->root); at; at = tree_next(&walk))
		peer_free(e, CONTAINER_OF(at, struct peer, node));
	free(set->doubted);
}

size_t engine_peer_count(const struct engine *e)
{
	return e->peers.n;
}

bool peer_allows(const struct peer *peer, const struct ovd_cidr *cidr)
{
	for (size_t i = 0; i < peer->n_allowed; i++)
		if (cidr_eq(&peer->allowed[i], cidr))
			return true;
	return false;
}

void peer_lose(struct peer *peer, const struct ovd_cidr *cidr)
{
	for (size_t i = 0; i < peer->n_allowed; i++)
		if (cidr_eq(&peer->allowed[i], cidr)) {
			peer->allowed[i] = peer->allowed[--peer->n_allowed];
			return;
		}
}

static struct peer_view view_of(const struct peer *peer, struct ovd_view service)
{
	return (struct peer_view){ .service = service,
				   .key = peer->key,
				   .host = view(peer->host),
				   .has_endpoint = peer->has_endpoint,
				   .endpoint = peer->endpoint,
				   .allowed = peer->allowed,
				   .n_allowed = peer->n_allowed };
}

void engine_each_peer(struct engine *e, struct ovd_view service,
		      void (*each)(void *arg, const struct peer_view *peer), void *arg)
{
	engine_some_peers(e, service, NULL, SIZE_MAX, each, arg);
}

static struct tree_node *first_after(struct tree_walk *walk, const struct peer_set *set,
				     const struct ovd_key *key)
{
	const struct peer last = { .key = *key };
	struct tree_node *at = tree_from(walk, set->root, &last.node, compare);

	return at && compare(at, &last.node) == 0 ? tree_next(walk) : at;
}

void engine_some_peers(struct engine *e, struct ovd_view service, const struct ovd_key *after,
		       size_t most, void (*each)(void *arg, const struct peer_view *peer),
		       void *arg)
{
	struct peer_set *set;
	struct tree_node *at;
	struct tree_walk walk;

	if (peers_of(e, service, &set) < 0)
		return;
	at = after ? first_after(&walk, set, after) : tree_first(&walk, set->root);
	for (; at && most > 0; at = tree_next(&walk), most--) {
		const struct peer_view seen = view_of(CONTAINER_OF(at, struct peer, node), service);

		each(arg, &seen);
	}
}

/* ---- what is refused ---- */

/* That goes with its container, and is changed by nobody else. */
int peer_check_guest(struct engine *e, const struct peer *peer, bool guest)
{
	return peer && peer->guest != guest
		       ? engine_refuse(e, -EEXIST, "the key is %s",
				       guest ? "another peer's" : "a guest's: detach that")
		       : 0;
}

int peer_check(struct engine *e, const struct peer_set *set, const struct ovd_key *key,
	       const struct ovd_cidr *allowed, size_t n)
{
	const struct ovd_key *own = set->dedicated ? &set->dedicated->public_key : &e->public_key;
	char text[CIDR_TEXT_MAX];

	if (key_eq(key, own))
		return engine_refuse(e, -EINVAL, "the peer's key is %s own",
				     set->dedicated ? "this tunnel's" : "this node's");
	if (n > PEER_ALLOWED_MAX)
		return engine_refuse(e, -E2BIG, "allowed_ips: more than %d prefixes",
				     PEER_ALLOWED_MAX);
	for (size_t i = 0; i < n; i++)
		if (allowed[i].prefix_len == 0)
			return engine_refuse(e, -EINVAL,
					     "allowed_ips: %s would take all of the host's traffic "
					     "into the tunnel",
					     cidr_format(&allowed[i], text));
	return 0;
}

/* When the tunnel is up. */
static bool needs_route(const struct engine *e, const struct peer_set *set,
			const struct ovd_cidr *cidr)
{
	const struct dedicated *d = set->dedicated;

	return !cidr_covers(d ? &d->block.cidr : &e->global.cluster, cidr);
}

static int check_other(struct engine *e, const struct peer_set *other, const struct ovd_cidr *cidr)
{
	const struct prefix *record = prefix_find(&other->allowed, cidr);
	const struct dedicated *d = other->dedicated;
	const struct peer *owner = record ? record->owner : NULL;
	char text[CIDR_TEXT_MAX];

	if (!owner || (!owner->guest && !needs_route(e, other, cidr)))
		return 0;
	return engine_refuse(e, owner->busy ? -EINPROGRESS : -EEXIST,
			     "allowed_ips: %s is a peer's of %s%s: one tunnel can have it",
			     cidr_format(cidr, text), d ? "service " : "the global overlay",
			     d ? d->service->name : "");
}

int peer_check_routes(struct engine *e, const struct peer_set *set, const struct ovd_cidr *allowed,
		      size_t n)
{
	int r = 0;

	for (size_t i = 0; i < n && r == 0; i++) {
		if (!needs_route(e, set, &allowed[i]))
			continue;
		if (set != &e->peers)
			r = check_other(e, &e->peers, &allowed[i]);
		for (const struct dedicated *d = e->dedicated; d && r == 0; d = d->next)
			if (set != &d->peers)
				r = check_other(e, &d->peers, &allowed[i]);
	}
	return r;
}

/* ---- whose a prefix is ---- */

int peer_claim(struct engine *e, struct peer_set *set, const struct peer *peer,
	       const struct ovd_cidr *cidr, struct prefix **ret)
{
	struct prefix *record = prefix_find(&set->allowed, cidr);
	const struct peer *owner = record ? record->owner : peer;
	char text[CIDR_TEXT_MAX];

	if (owner != peer && owner->busy)
		return -EINPROGRESS;
	if (owner->guest && !peer->guest)
		return engine_refuse(e, -EEXIST, "allowed_ips: %s is a guest's: detach that",
				     cidr_format(cidr, text));
	if (!record) {
		record = spare_take(&e->spare, sizeof(*record));
		if (!record)
			return -ENOMEM;
		*record = (struct prefix){ .cidr = *cidr };
		prefix_insert(&set->allowed, record);
	}
	*ret = record;
	return 0;
}

void peer_unclaim(struct engine *e, struct peer_set *set, struct prefix *prefix)
{
	prefix_delete(&set->allowed, prefix);
	spare_give(&e->spare, prefix, sizeof(*prefix));
}

bool peer_has_just(const struct peer_set *set, const struct peer *peer, const struct ovd_cidr *list,
		   size_t n)
{
	struct prefix *record;
	size_t n_had = 0, k;

	for (k = 0; k < n; k++) {
		record = prefix_find(&set->allowed, &list[k]);
		if (!record || record->owner != peer)
			break;
		n_had += !record->marked;
		record->marked = true;
	}
	for (size_t m = 0; m < k; m++)
		prefix_find(&set->allowed, &list[m])->marked = false;
	return k == n && n_had == peer->n_allowed;
}

/* ---- all peers at once ---- */

struct tunnel_peer peer_for_tunnel(const struct peer *peer)
{
	return (struct tunnel_peer){
		.key = peer->key,
		.has_endpoint = peer->has_endpoint,
		.endpoint = peer->endpoint,
		.has_keepalive = true,
		.keepalive = peer->keepalive,
		.allowed = peer->allowed,
		.n_allowed = peer->n_allowed,
	};
}

int peers_for_tunnel(struct engine *e, const struct peer_set *set, struct tunnel_peer **ret)
{
	struct tunnel_peer *peers = spare_take(&e->spare, set->n * sizeof(*peers));
	struct tree_node *at;
	struct tree_walk walk;
	size_t n = 0;

	if (!peers)
		return -ENOMEM;
	for (at = tree_first(&walk, set->root); at; at = tree_next(&walk))
		peers[n++] = peer_for_tunnel(CONTAINER_OF(at, struct peer, node));
	*ret = peers;
	return 0;
}

/* A guest's address is of a bridge's subnet. */
int peer_plan_route(const struct peer *peer, const struct tunnel_way *way, enum step_kind kind,
		    bool optional, const struct ovd_cidr *cidr, struct plan *plan)
{
	struct step_route *route;

	if (!way->up || (!peer->guest && cidr_covers(&way->on_link, cidr)))
		return 0;
	route = &PLAN_ADD(plan, kind)->route;
	route->cidr = *cidr;
	route->optional = optional;
	text_copy(route->link, sizeof(route->link), view(way->link));
	if (cidr->ip.len == way->source.len)
		route->source = way->source;
	return 0;
}

static int plan_routes(const struct peer *peer, const struct tunnel_way *way, enum step_kind kind,
		       struct plan *plan)
{
	int r = 0;

	for (size_t i = 0; i < peer->n_allowed && r == 0; i++)
		r = peer_plan_route(peer, way, kind, kind == STEP_ROUTE, &peer->allowed[i], plan);
	return r;
}

int peers_plan_routes(const struct peer_set *set, const struct tunnel_way *way, enum step_kind kind,
		      struct plan *plan)
{
	struct tree_node *at;
	struct tree_walk walk;
	int r = 0;

	for (at = tree_first(&walk, set->root); at && r == 0; at = tree_next(&walk))
		r = plan_routes(CONTAINER_OF(at, struct peer, node), way, kind, plan);
	return r;
}
