#include "server/engine/peer.h"

#include <errno.h>
#include <search.h>
#include <stdlib.h>
#include <string.h>

static int compare(const void *a, const void *b)
{
	return memcmp(((const struct peer *)a)->key.b, ((const struct peer *)b)->key.b,
		      sizeof(struct ovd_key));
}

struct peer *peer_find(const struct engine *e, const struct ovd_key *key)
{
	struct peer wanted = { .key = *key };
	void *found = tfind(&wanted, &e->peers, compare);

	return found ? *(struct peer **)found : NULL;
}

int peer_insert(struct engine *e, struct peer *peer)
{
	if (!tsearch(peer, &e->peers, compare))
		return -ENOMEM;
	e->n_peers++;
	return 0;
}

void peer_delete(struct engine *e, struct peer *peer)
{
	tdelete(peer, &e->peers, compare);
	e->n_peers--;
	peer_free(peer);
}

void peer_free(void *p)
{
	struct peer *peer = p;

	if (!peer)
		return;
	free(peer->host);
	free(peer->allowed);
	free(peer);
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
	tdestroy(e->peers, peer_free);
	e->peers = NULL;
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

struct each {
	void (*each)(void *arg, const struct peer_view *peer);
	void *arg;
};

static void view_peer(const void *node, VISIT visit, void *arg)
{
	const struct peer *peer = *(struct peer *const *)node;
	const struct each *each = arg;

	if (visit != postorder && visit != leaf)
		return;
	each->each(each->arg, &(struct peer_view){
				      .key = peer->key,
				      .host = view(peer->host),
				      .has_endpoint = peer->has_endpoint,
				      .endpoint = peer->endpoint,
				      .allowed = peer->allowed,
				      .n_allowed = peer->n_allowed,
			      });
}

void engine_each_peer(const struct engine *e, void (*each)(void *arg, const struct peer_view *peer),
		      void *arg)
{
	twalk_r(e->peers, view_peer, &(struct each){ each, arg });
}

/* ---- all peers at once ---- */

struct overlap {
	const struct ovd_cidr *block;
	bool found;
};

static void match_overlap(const void *node, VISIT visit, void *arg)
{
	const struct peer *peer = *(struct peer *const *)node;
	struct overlap *overlap = arg;

	if (visit != postorder && visit != leaf)
		return;
	for (size_t i = 0; i < peer->n_allowed; i++)
		if (cidr_overlaps(&peer->allowed[i], overlap->block))
			overlap->found = true;
}

bool peers_overlap(const struct engine *e, const struct ovd_cidr *block)
{
	struct overlap overlap = { .block = block };

	twalk_r(e->peers, match_overlap, &overlap);
	return overlap.found;
}

struct gather {
	struct tunnel_peer *peers;
	size_t n;
};

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

static void gather_peer(const void *node, VISIT visit, void *arg)
{
	const struct peer *peer = *(struct peer *const *)node;
	struct gather *gather = arg;

	if (visit == postorder || visit == leaf)
		gather->peers[gather->n++] = peer_for_tunnel(peer);
}

int peers_for_tunnel(const struct engine *e, struct tunnel_peer **ret, size_t *ret_n)
{
	struct gather gather = { .peers = calloc(e->n_peers + 1, sizeof(*gather.peers)) };

	if (!gather.peers)
		return -ENOMEM;
	twalk_r(e->peers, gather_peer, &gather);
	*ret = gather.peers;
	*ret_n = gather.n;
	return 0;
}

struct routes {
	const struct global *global;
	enum step_kind kind;
	struct plan *plan;
	int r;
};

int peer_plan_route(const struct global *global, enum step_kind kind, bool optional,
		    const struct ovd_cidr *cidr, struct plan *plan)
{
	struct step_route *route;

	if (!global_wants_route(global, cidr))
		return 0;
	route = &PLAN_ADD(plan, kind)->route;
	route->cidr = *cidr;
	route->optional = optional;
	text_copy(route->link, sizeof(route->link), view(global->link));
	if (cidr->ip.len == global->pool.block.ip.len)
		route->source = pool_gateway(&global->pool);
	return 0;
}

static void plan_routes(const void *node, VISIT visit, void *arg)
{
	const struct peer *peer = *(struct peer *const *)node;
	struct routes *routes = arg;

	if (visit != postorder && visit != leaf)
		return;
	for (size_t i = 0; i < peer->n_allowed && routes->r == 0; i++)
		routes->r =
			peer_plan_route(routes->global, routes->kind, routes->kind == STEP_ROUTE,
					&peer->allowed[i], routes->plan);
}

int peers_plan_routes(const struct engine *e, const struct global *global, enum step_kind kind,
		      struct plan *plan)
{
	struct routes routes = { .global = global, .kind = kind, .plan = plan };

	twalk_r(e->peers, plan_routes, &routes);
	return routes.r;
}
