/* Records of peers, for the engine's own files. */
#pragma once

#include "server/engine/state.h"

struct peer *peer_find(const struct engine *e, const struct ovd_key *key);

/* Puts a record in, the tree's from then on; takes one out and frees it. */
int peer_insert(struct engine *e, struct peer *peer);
void peer_delete(struct engine *e, struct peer *peer);

void peer_free(void *peer);

/* A record is part of a change that is under way, or isn't any more. */
void peer_hold(struct engine *e, struct peer *peer);
void peer_release(struct engine *e, struct peer *peer);

bool peer_allows(const struct peer *peer, const struct ovd_cidr *cidr);
void peer_lose(struct peer *peer, const struct ovd_cidr *cidr);

/* All of it, as the tunnel is to have it; the lists are the peer's own. */
struct tunnel_peer peer_for_tunnel(const struct peer *peer);

/* A ROUTE or ROUTE_DELETE step for the prefix, if it needs one. */
int peer_plan_route(const struct global *global, enum step_kind kind, bool optional,
		    const struct ovd_cidr *cidr, struct plan *plan);
