/* Guests that run WireGuard themselves: what to say to them. */
#pragma once

#include "server/ops/attaching.h"

/* engine_attach said 0, or -EALREADY: the peer is told to the tunnel, the call answered. Always 0.
 */
int guest_attach(struct call *call, struct attaching *a);
int guest_reply(struct call *call, struct attaching *a);

/* engine_detach said 0: the tunnel is told that the peer goes, then finish is called. Always 0. */
int guest_detach(struct call *call, struct telling *telling, void (*finish)(struct call *call));
