/* One change of a peer, for the engine's own files. */
#pragma once

#include "server/engine/peer.h"

/* From what a peer is to what it is to be. */
struct peer_intent {
	struct intent intent;
	struct peer_set *set;
	struct peer *peer;      /* in the set; NULL: only the tunnel may know it */
	struct peer *next;      /* its contents afterwards; NULL if it goes */
	bool is_new;            /* put into the set for the intent */
	struct ovd_cidr *added; /* what the tunnel is told, in one piece of memory with `removed` */
	struct ovd_cidr *removed;
	struct prefix **records; /* of `added`; peers that have one so far are busy too */
	size_t n_added, n_removed;
	size_t room;                /* for so many, added and removed */
	struct tunnel_peer told[2]; /* that it goes, for a peer that is unsure; what it is to be */
};

/* The tunnel and its peers never change at the same time: the tunnel is given all of them. peer may
 * be NULL. */
bool peer_must_wait(const struct engine *e, const struct peer_set *set, const struct peer *peer);

/* From the peer as it is to `next`, NULL if it goes, which the intent takes over also when it
 * fails. is_new: the peer was put into the set for this, and is empty. */
int peer_change_begin(struct engine *e, struct peer_set *set, struct peer *peer, struct peer *next,
		      bool is_new, struct plan *plan, struct tunnel_change *change,
		      struct intent **ret);

/* A peer goes that isn't in the set: a tunnel that was taken over may have peers of an earlier
 * life. */
int peer_change_stranger(struct engine *e, struct peer_set *set, const struct ovd_key *key,
			 struct tunnel_change *change, struct intent **ret);
