/* What handlers work with. */
#pragma once

#include <stdbool.h>

#include <uv.h>

#include "runtime/log.h"
#include "server/engine/engine.h"
#include "server/ipc/call.h"
#include "server/net/net.h"
#include "server/net/worker.h"

struct channel;
struct chore;
struct deaths;
struct health;
struct server;
struct tree_node;
struct turns;
struct writer;

/* What becomes of the host's network when the daemon ends. */
enum ending {
	ENDING_KEEP, /* all stays as it is, for the next daemon */
	ENDING_DOWN, /* tunnel, rules and idle bridges go, settings of the host go back; containers
			that are attached and their bridges stay */
	ENDING_REMOVE, /* all of ours goes, also from containers, and what we wrote down; the node's
			  key stays */
	ENDING_PURGE,  /* that goes too, and the log */
};

struct daemon {
	struct engine *engine;
	const struct net *net;
	struct worker *worker;
	struct log *log;
	struct writer *writer;     /* for peers' records */
	struct channel *channels;  /* to tunnels; see channel.h */
	struct tree_node *lookups; /* of peers' host names; see resolve.h */
	struct deaths *deaths;     /* of containers; see death.h */
	struct chore *chores;      /* what no call asks for; see chore.h */
	struct health *health;     /* of peers, while somebody listens; see health.h */
	struct turns *turns;       /* of long work, while there is any; see slices.h */

	/* Set by the daemon's main part. */
	uv_loop_t *loop;
	struct server *server;
	bool (*lacks)(int operation); /* what isn't built on this system; NULL: nothing */
	void (*channel_changed)(
		struct channel *c); /* it was opened, closed, or watches something else */
	void (*tunnel_lost)(struct daemon *d,
			    struct ovd_view service); /* the other side of its channel is gone,
							 unasked; may be NULL */
	void (*settled)(struct daemon *d);            /* an intent that was no call's has ended */
	/* Begin to stop; the call, if any, is answered when it is done. The first one's ending
	 * counts. */
	void (*stop)(struct daemon *d, struct call *call, enum ending ending);
};

/* The last plan of a daemon: what ENDING_DOWN says, or, if all, what ENDING_REMOVE says of the
 * kernel. What can't be taken down is logged, and the rest goes all the same; `left`, which lives
 * until done returns, names it, empty if there is nothing. done is called on the loop; the engine
 * is then as after teardown_global_overlay. -ENOMEM, and done won't be called. Called once. */
int ops_stop(struct daemon *d, bool all, void (*done)(struct daemon *d, struct ovd_view left));
