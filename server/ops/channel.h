/* The control channels to tunnels: the node's, or a service's own. A device that gives no sign of
 * life for CHANNEL_SECONDS while it is asked something: what is outstanding ends with -ETIMEDOUT,
 * and so does, at once, what it is asked until it is heard again. It is then told first how the
 * peers are to be that it may have otherwise, engine_peers_doubted; so is one to which a new
 * channel is opened, as the next question does when the other side went.
 *
 * service: whose tunnel, or NODES_TUNNEL. */
#pragma once

#include "server/ops/daemon.h"

#define CHANNEL_SECONDS 5

struct channel_clock;
struct watch;

/* A question that is on its way: the caller's memory, until done is called; its fields are
 * channel_clock.c's. */
struct channel_wait {
	struct channel_clock *clock;
	tunnel_done_fn *done;
	void *arg;
};

/* One that is wanted. What others use are tunnel and watch. */
struct channel {
	struct channel *next;
	struct daemon *daemon;
	struct tunnel *tunnel;       /* NULL: it is opened when it is needed */
	struct watch *watch;         /* channel_changed's own */
	struct channel_clock *clock; /* while it is open */
	uv_timer_t end;              /* never runs: its memory goes when this is closed */
	bool wanted;
	char service[SERVICE_TEXT_MAX];
};

/* What came of a question says nothing of the device: it may have carried out what it was asked
 * for, and could not say so. */
bool channel_is_unsure(int r);

/* Opens it if the engine has the tunnel and there is none yet, closes it if the engine has no such
 * tunnel. One whose device is not heard, though it has just been, has CHANNEL_SECONDS left.
 * Negative errno of the opening, which the next question tries again. */
int channel_follow(struct daemon *d, struct ovd_view service);

/* Closes it, before the device goes; what is outstanding ends with -ECANCELED. No question opens it
 * again, only channel_follow. All of them; those of the tunnels that the plan deletes. */
void channel_close(struct daemon *d, struct ovd_view service);
void channels_close(struct daemon *d);
void channels_close_for(struct daemon *d, struct plan *plan);

/* Ends its connection alone: the next question makes another. */
void channel_end(struct channel *c);

/* Its device; "" if the engine has none. */
const char *channel_link(const struct channel *c);

/* It is open, or would be opened if it were needed. */
bool channel_is_wanted(const struct daemon *d, struct ovd_view service);

/* Its descriptor is ready. */
void channel_ready(struct channel *c);

/* net's tunnel_ops->set and get, and the watch after them. -ENOTCONN without a channel. */
int channel_set(struct daemon *d, struct ovd_view service, const struct tunnel_change *change,
		struct channel_wait *wait, tunnel_done_fn *done, void *arg);
int channel_get(struct daemon *d, struct ovd_view service, struct channel_wait *wait,
		tunnel_done_fn *done, void *arg);

/* While a get's done is called with a state: that is the caller's from now on, until
 * tunnel_state_done. */
void channel_keep(const struct channel_wait *wait, struct tunnel_state *ret);
