/* All peers of a tunnel at once, for the engine's own files. */
#pragma once

#include "server/engine/peer.h"

/* Most peers of one change that the tunnel is told: a device in userspace takes 100 us for a new
 * one, and answers nobody meanwhile. */
#define TOLD_MAX 32

/* Room for the lists of a change: one more peer always fits. */
#define LISTS_MAX (4 * PEER_ALLOWED_MAX)

/* A walk through both sets by key. */
struct pairs {
	struct tree_walk was_walk, next_walk;
	struct tree_node *was, *next;
};

enum stage {
	STAGE_BUILD,
	STAGE_PLAN,
	STAGE_PLANNED,
	STAGE_TELL,        /* what is new or changed */
	STAGE_TELL_GONE,   /* what goes: its prefixes have their new owners by now */
	STAGE_TELL_DOUBTS, /* strangers that the tunnel may have */
	STAGE_TOLD,
	STAGE_NOTE,
	STAGE_FREE_PREFIXES,
	STAGE_FREE_PEERS,
};

struct peer_sync {
	struct intent intent;
	struct peer_set *set;
	struct peer_set next; /* what is to be; when that stands, what was */
	struct sync_counts counts;
	enum stage stage;
	struct pairs pairs;
	struct tree_walk walk; /* of the set that goes */
	struct tree_node *at;
	size_t n_doubts; /* that were told */
	bool doubt;
	struct tunnel_peer told[TOLD_MAX];
	size_t n_told;
	struct ovd_cidr *lists; /* of what is told */
	size_t n_lists;
};

struct peer_sync *sync_of(const struct intent *intent);

/* The peer of a node; NULL for NULL. */
struct peer *peer_at(struct tree_node *node);

/* Begins a walk; takes what has the next key: in what was, in what is to be, or in both. False: it
 * is over. */
void pairs_begin(struct peer_sync *s);
bool pairs_take(struct pairs *p, struct peer **ret_was, struct peer **ret_next);
