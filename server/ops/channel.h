/* The control channel to the node's tunnel. A device that gives no sign of life for CHANNEL_SECONDS
 * while it is asked something: what is outstanding ends with -ETIMEDOUT, and so does, at once, what
 * it is asked until it is heard again. It is then told first how the peers are to be that it may
 * have otherwise, engine_peers_doubted; so is one to which a new channel is opened, as the next
 * question does when the other side went. */
#pragma once

#include "server/ops/daemon.h"

#define CHANNEL_SECONDS 5

/* What came of a question says nothing of the device: it may have carried out what it was asked
 * for, and could not say so. */
bool channel_is_unsure(int r);

/* Opens it if the engine has a tunnel and there is none yet, closes it if the engine has no tunnel.
 * One whose device is not heard, though it has just been, has CHANNEL_SECONDS left.
 * Negative errno of the opening, which the next question tries again. */
int channel_follow(struct daemon *d);

/* Closes it, before the device goes; what is outstanding ends with -ECANCELED. No question opens it
 * again, only channel_follow. */
void channel_close(struct daemon *d);

/* Its descriptor is ready. */
void channel_ready(struct daemon *d);

/* A question that is on its way: the caller's memory, until done is called; its fields are
 * channel.c's. */
struct channel_wait {
	struct channel_clock *clock;
	tunnel_done_fn *done;
	void *arg;
};

/* net's tunnel_ops->set and get, and the watch after them. -ENOTCONN without a channel. */
int channel_set(struct daemon *d, const struct tunnel_change *change, struct channel_wait *wait,
		tunnel_done_fn *done, void *arg);
int channel_get(struct daemon *d, struct channel_wait *wait, tunnel_done_fn *done, void *arg);
