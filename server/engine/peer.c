#include "server/engine/peer.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static int compare(const struct tree_node *a, const struct tree_node *b)
{
	return memcmp(CONTAINER_OF(a, struct peer, node)->key.b,
		      CONTAINER_OF(b, struct peer, node)->key.b, sizeof(struct ovd_key));
}

struct peer *peer_find(const struct engine *e, const struct ovd_key *key)
{
	struct peer wanted = { .key = *key };
	struct tree_node *found = tree_find(e->peers, &wanted.node, compare);

	return found ? CONTAINER_OF(found, struct peer, node) : NULL;
}

void peer_insert(struct engine *e, struct peer *peer)
{
	tree_insert(&e->peers, &peer->node, compare);
	e->n_peers++;
}

void peer_delete(struct engine *e, struct peer *peer)
{
	tree_delete(&e->peers, &peer->node, compare);
	e->n_peers--;
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

void peer_hold(struct engine *e, struct peer *peer)
{
	peer->busy = true;
	e->n_busy_peers++;
}

void peer_release(struct engine *e, struct peer *peer)
{
	peer->busy = false;
	e->n_busy_peers--;
}

void engine_free_peers(struct engine *e)
{
	struct tree_node *at;
	struct tree_walk walk;

	for (at = tree_first(&walk, e->allowed.root); at; at = tree_next(&walk)) {
		struct prefix *prefix = CONTAINER_OF(at, struct prefix, node);

		spare_give(&e->spare, prefix, sizeof(*prefix));
	}
	for (at = tree_first(&walk, e->peers); at; at = tree_next(&walk))
		peer_free(e, CONTAINER_OF(at, struct peer, node));
}

size_t engine_peer_count(const struct engine *e)
{
	return e->n_peers;
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

void engine_each_peer(const struct engine *e, void (*each)(void *arg, const struct peer_view *peer),
		      void *arg)
{
	struct tree_node *at;
	struct tree_walk walk;

	for (at = tree_first(&walk, e->peers); at; at = tree_next(&walk)) {
		const struct peer *peer = CONTAINER_OF(at, struct peer, node);

		each(arg, &(struct peer_view){
				  .key = peer->key,
				  .host = view(peer->host),
				  .has_endpoint = peer->has_endpoint,
				  .endpoint = peer->endpoint,
				  .allowed = peer->allowed,
				  .n_allowed = peer->n_allowed,
			  });
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

int peer_check(struct engine *e, const struct ovd_key *key, const struct ovd_cidr *allowed,
	       size_t n)
{
	char text[CIDR_TEXT_MAX];

	if (key_eq(key, &e->public_key))
		return engine_refuse(e, -EINVAL, "the peer's key is this node's own");
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

/* ---- whose a prefix is ---- */

int peer_claim(struct engine *e, const struct peer *peer, const struct ovd_cidr *cidr,
	       struct prefix **ret)
{
	struct prefix *record = prefix_find(&e->allowed, cidr);

	if (record && record->owner != peer && ((struct peer *)record->owner)->busy)
		return -EINPROGRESS;
	if (!record) {
		record = spare_take(&e->spare, sizeof(*record));
		if (!record)
			return -ENOMEM;
		*record = (struct prefix){ .cidr = *cidr };
		prefix_insert(&e->allowed, record);
	}
	*ret = record;
	return 0;
}

void peer_unclaim(struct engine *e, struct prefix *prefix)
{
	prefix_delete(&e->allowed, prefix);
	spare_give(&e->spare, prefix, sizeof(*prefix));
}

bool peer_has_just(struct engine *e, const struct peer *peer, const struct ovd_cidr *list, size_t n)
{
	struct prefix *record;
	size_t n_had = 0, k;

	for (k = 0; k < n; k++) {
		record = prefix_find(&e->allowed, &list[k]);
		if (!record || record->owner != peer)
			break;
		n_had += !record->marked;
		record->marked = true;
	}
	for (size_t m = 0; m < k; m++)
		prefix_find(&e->allowed, &list[m])->marked = false;
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

int peers_for_tunnel(struct engine *e, struct tunnel_peer **ret)
{
	struct tunnel_peer *peers = spare_take(&e->spare, e->n_peers * sizeof(*peers));
	struct tree_node *at;
	struct tree_walk walk;
	size_t n = 0;

	if (!peers)
		return -ENOMEM;
	for (at = tree_first(&walk, e->peers); at; at = tree_next(&walk))
		peers[n++] = peer_for_tunnel(CONTAINER_OF(at, struct peer, node));
	*ret = peers;
	return 0;
}

/* A guest's address is of a bridge's subnet. */
int peer_plan_route(const struct peer *peer, const struct global *global, enum step_kind kind,
		    bool optional, const struct ovd_cidr *cidr, struct plan *plan)
{
	struct step_route *route;

	if (!(peer->guest && global->up) && !global_wants_route(global, cidr))
		return 0;
	route = &PLAN_ADD(plan, kind)->route;
	route->cidr = *cidr;
	route->optional = optional;
	text_copy(route->link, sizeof(route->link), view(global->link));
	if (cidr->ip.len == global->pool.block.ip.len)
		route->source = pool_gateway(&global->pool);
	return 0;
}

static int plan_routes(const struct peer *peer, const struct global *global, enum step_kind kind,
		       struct plan *plan)
{
	int r = 0;

	for (size_t i = 0; i < peer->n_allowed && r == 0; i++)
		r = peer_plan_route(peer, global, kind, kind == STEP_ROUTE, &peer->allowed[i],
				    plan);
	return r;
}

int peers_plan_routes(const struct engine *e, const struct global *global, enum step_kind kind,
		      struct plan *plan)
{
	struct tree_node *at;
	struct tree_walk walk;
	int r = 0;

	for (at = tree_first(&walk, e->peers); at && r == 0; at = tree_next(&walk))
		r = plan_routes(CONTAINER_OF(at, struct peer, node), global, kind, plan);
	return r;
}
