/* Records of peers, for the engine's own files. */
#pragma once

#include "server/engine/state.h"

/* The peers of a service's tunnel, or of NODES_TUNNEL. -ENOENT, and the words. */
int peers_of(struct engine *e, struct ovd_view service, struct peer_set **ret);

/* Their tunnel: how they are reached, and whether it is being changed. */
struct tunnel_way peers_way(const struct engine *e, const struct peer_set *set);
bool peers_are_busy(const struct engine *e, const struct peer_set *set);

struct peer *peer_find(const struct peer_set *set, const struct ovd_key *key);

/* A record that is in no tree, with room for so many prefixes; NULL if there is no memory. Gives it
 * back; accepts NULL. */
struct peer *peer_new(struct engine *e, const struct ovd_key *key, size_t room);
void peer_free(struct engine *e, struct peer *peer);

/* One of the key and the list, with room for some more prefixes; NULL. */
struct peer *peer_copy(struct engine *e, const struct ovd_key *key, const struct ovd_cidr *allowed,
		       size_t n, size_t more);

/* Gives `next` the spec's endpoint and keepalive, and what the host name resolved to last if that
 * is also what it was; was may be NULL. -ENOMEM. */
int peer_set_endpoint(struct engine *e, struct peer *next, const struct peer *was,
		      const struct peer_spec *spec);
bool peer_same_endpoint(const struct peer *a, const struct peer *b);

/* By key. */
int peer_compare(const struct peer *a, const struct peer *b);

/* Puts a record in, the tree's from then on; takes one out and gives it back. */
void peer_insert(struct peer_set *set, struct peer *peer);
void peer_delete(struct engine *e, struct peer_set *set, struct peer *peer);

/* Puts one of the same key into a peer's place, which is given back; its prefixes, which have
 * records, are its own from then on. */
void peer_replace(struct engine *e, struct peer_set *set, struct peer *peer, struct peer *next);

/* A record is part of a change that is under way, or isn't any more. */
void peer_hold(struct peer_set *set, struct peer *peer);
void peer_release(struct peer_set *set, struct peer *peer);

bool peer_allows(const struct peer *peer, const struct ovd_cidr *cidr);
void peer_lose(struct peer *peer, const struct ovd_cidr *cidr);

/* Whether a peer may be so; and whether this one, which may be NULL, is to be changed by a guest's
 * container, or else by a client. -EINVAL, -E2BIG, -EEXIST. */
int peer_check(struct engine *e, const struct peer_set *set, const struct ovd_key *key,
	       const struct ovd_cidr *allowed, size_t n);
int peer_check_guest(struct engine *e, const struct peer *peer, bool guest);

/* Whether peers of this tunnel may have the prefixes: a host has but one route for each. -EEXIST,
 * and the words: a peer of another tunnel has one, and both need a route for it, now or when they
 * are up. -EINPROGRESS, and the same words: that peer is being changed. */
int peer_check_routes(struct engine *e, const struct peer_set *set, const struct ovd_cidr *allowed,
		      size_t n);

/* The record of a prefix that the peer is to have. It has another peer for its owner if that has
 * the prefix so far, -EINPROGRESS if that one is busy, -EEXIST if it is a guest and this is none;
 * none if it is new. */
int peer_claim(struct engine *e, struct peer_set *set, const struct peer *peer,
	       const struct ovd_cidr *cidr, struct prefix **ret);

/* Nobody has it any more: its record goes. */
void peer_unclaim(struct engine *e, struct peer_set *set, struct prefix *record);

/* The peer, which is not busy, has the prefixes that are listed, and no other. */
bool peer_has_just(const struct peer_set *set, const struct peer *peer, const struct ovd_cidr *list,
		   size_t n);

/* All of it, as the tunnel is to have it; the lists are the peer's own. */
struct tunnel_peer peer_for_tunnel(const struct peer *peer);

/* A ROUTE or ROUTE_DELETE step for the peer's prefix, if it needs one. */
int peer_plan_route(const struct peer *peer, const struct tunnel_way *way, enum step_kind kind,
		    bool optional, const struct ovd_cidr *cidr, struct plan *plan);

/* As engine_peer_remove, also of a guest's. */
int peer_remove(struct engine *e, struct peer_set *set, const struct ovd_key *key,
		struct plan *plan, struct tunnel_change *change, struct intent **ret);
