/* What a platform must offer: steps, the owner of a handle, tunnels. */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "server/engine/engine.h"
#include "server/engine/plan.h"
#include "server/engine/start.h"
#include "server/engine/tunnel.h"

#define NET_MORE 1

/* How one kind of step is done. Both run on the link thread only. */
struct net_step {
	const char *text; /* "create veth", for messages */

	/* 0; NET_MORE: it is to be run again, and other steps may be run before; or a negative
	 * errno and nothing has changed. detail, PLAN_DETAIL_MAX bytes, may get
	 * what the kernel said beside its errno; it is "" before. May fill the fields of the step
	 * that say so. */
	int (*run)(void *platform, struct step *step, char *detail);

	/* Takes back what run did. NULL where nothing need be. */
	void (*undo)(void *platform, struct step *step);
};

/* Whose a container is: the same for as long as it lives, and never again. */
struct net_owner {
	uint64_t netns_dev; /* of the namespace's file, nsfs */
	uint64_t netns_ino;
	uint64_t start_time; /* of the process, clock ticks since boot, proc(5) */
	uint32_t pid;
	int netns;   /* descriptor; -1 for none */
	int process; /* descriptor that gets readable when the process has ended; -1 for none */
};

/* A bridge or a tunnel whose record is lost, as the kernel shows it. */
#define NET_ADDRESSES_MAX 257 /* of a tunnel, with those of the host's processes */
struct net_link {
	char name[LINK_NAME_MAX];
	char alias[LINK_ALIAS_MAX];
	bool is_bridge;
	struct ovd_cidr addresses[NET_ADDRESSES_MAX]; /* not networks; the oldest first */
	size_t n_addresses;
};

/* A container whose record is lost, as the kernel shows it. */
struct net_container {
	struct net_owner owner;        /* no descriptors. pid 0: no process has that namespace */
	char path[HANDLE_ID_MAX + 1];  /* then the file that keeps it; "": none that we see */
	char alias[LINK_ALIAS_MAX];    /* of its interface's host's end; see engine_lost_mark */
	char host[LINK_NAME_MAX];      /* its interface's host's end */
	char bridge[LINK_NAME_MAX];    /* that this is a port of; "" for none */
	char interface[LINK_NAME_MAX]; /* its own end; "": not to be found */
	struct ovd_ip ip, joined_ip;   /* of that, and of the second one; {0}: none */
};

/* A device's control channel on the loop: never blocks. Made by net->tunnel_open. */
struct tunnel {
	const struct tunnel_ops *ops;
};

/* Ends one set or get: r is 0 or a negative errno; state, for a get that went well, lives until the
 * function returns. */
typedef void tunnel_done_fn(void *arg, int r, const struct tunnel_state *state);

struct tunnel_ops {
	/* The descriptor to watch, the same for as long as the channel lives, and what for: POLLIN,
	 * POLLOUT (poll(2)), which may change with every call below. 0: the other side is gone,
	 * and nobody waits for it. */
	int (*fd)(const struct tunnel *t);
	short (*events)(const struct tunnel *t);

	/* The descriptor is ready: reads, writes, ends what has been answered. */
	void (*ready)(struct tunnel *t);

	/* Begin a change, a look; they are done in the order in which they were begun. The change
	 * is copied. 0, and done will be called, never before set or get returns; or a negative
	 * errno, and it won't. -EPIPE: the other side is gone, and a new channel must be opened. */
	int (*set)(struct tunnel *t, const struct tunnel_change *change, tunnel_done_fn *done,
		   void *arg);
	int (*get)(struct tunnel *t, tunnel_done_fn *done, void *arg);

	/* While a get's done is called with a state: that is the caller's from now on, until
	 * tunnel_state_done. */
	void (*keep)(struct tunnel *t, struct tunnel_state *ret);

	/* Ends what is outstanding with -ECANCELED. The channel stays, and what was begun may still
	 * be done, before what is begun later. */
	void (*abandon)(struct tunnel *t);

	/* The same, then the channel ends. The device stays. */
	void (*close)(struct tunnel *t);
};

static inline void tunnel_state_done(struct tunnel_state *state)
{
	buf_done(&state->memory[0]);
	buf_done(&state->memory[1]);
	explicit_bzero(state, sizeof(*state));
}

struct net {
	void *platform;
	const struct net_step *steps; /* STEP_MAX_ of them; none for REMEMBER and FORGET */
	struct store *store;          /* for those; NULL: nothing is remembered */

	/* Who a process is, with its descriptors. -ESRCH if it is gone, -EACCES, -EINVAL where its
	 * namespace is our own. Called on the loop. */
	int (*owner_open)(void *platform, uint32_t pid, struct net_owner *ret);

	/* The same of the network namespace whose file this is, an absolute path: no process.
	 * -ENOENT, -EINVAL where it is our own, -ENOTTY where it is another kind of file. */
	int (*netns_open)(void *platform, const char *path, struct net_owner *ret);

	/* The same by a descriptor, of either: it stays the caller's. -ENOTTY where it is another
	 * thing's. */
	int (*fd_open)(void *platform, int fd, struct net_owner *ret);

	/* The host has a link of that name; true also where that can't be found out. */
	bool (*has_link)(void *platform, const char *name);

	/* The channel to a device that a STEP_TUNNEL made. Called on the loop. */
	int (*tunnel_open)(void *platform, const char *link, struct tunnel **ret);

	/* The links of the host whose alias begins with mark, but for those that are being deleted.
	 * The same thread as the steps. */
	int (*survey)(void *platform, const char *mark, struct found_links *ret);

	/* What the kernel tells where records are lost: bridges and tunnels whose alias begins with
	 * mark; what a tunnel has, until each returns; the containers behind links with such an
	 * alias. At the start alone, as the last asks all processes. The same thread as the steps.
	 */
	int (*read_links)(void *platform, const char *mark,
			  void (*each)(void *arg, const struct net_link *link), void *arg);
	int (*read_tunnel)(void *platform, const char *link,
			   void (*each)(void *arg, const struct tunnel_state *state), void *arg);
	int (*read_containers)(void *platform, const char *mark,
			       void (*each)(void *arg, const struct net_container *container),
			       void *arg);

	/* A descriptor that gets readable when links of the host have gone, -errno; and the
	 * function that reads it, which calls gone with each name, or with an absent one: any may
	 * have. Called on the loop. */
	int (*links_fd)(void *platform);
	void (*links_read)(void *platform, void (*gone)(void *arg, struct ovd_view link),
			   void *arg);

	/* A descriptor that gets readable when somebody changed the host's network under us, and
	 * the function that reads it: true if what is ours wants to be looked after
	 * (engine_repair); not more often than a few times a second. Called on the loop. */
	int (*watch_fd)(void *platform);
	bool (*watch_read)(void *platform);
};

/* Nobody: no descriptors. */
#define NET_OWNER_NONE ((struct net_owner){ .netns = -1, .process = -1 })

/* Closes the descriptors; accepts NULL and nobody. */
void net_owner_done(struct net_owner *owner);
