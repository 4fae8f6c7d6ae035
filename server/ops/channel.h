/* The control channel to the node's tunnel. */
#pragma once

#include "server/ops/daemon.h"

/* Opens it if the engine has a tunnel and there is none yet, closes it if the engine has no tunnel.
 * Negative errno of the opening. */
int channel_follow(struct daemon *d);

/* Closes it, before the device goes; what is outstanding ends with -ECANCELED. */
void channel_close(struct daemon *d);

/* net's tunnel_ops->set and get, and the watch after them. -ENOTCONN without a channel. */
int channel_set(struct daemon *d, const struct tunnel_change *change, tunnel_done_fn *done,
		void *arg);
int channel_get(struct daemon *d, tunnel_done_fn *done, void *arg);
