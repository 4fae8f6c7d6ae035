/* From an intent about a peer to an answer: routes, mostly none, then the tunnel. */
#pragma once

#include "server/ops/channel.h"
#include "server/ops/daemon.h"

/* What the tunnel is told, in the call's arena; call->state is it, as soon as the plan is on its
 * way. */
struct telling {
	bool again;              /* it was told before, and its channel broke */
	struct ovd_view service; /* whose tunnel */
	struct tunnel_change change;
	struct intent *peer;               /* call->intent, or a part of it */
	void (*finish)(struct call *call); /* it was told, or is when there is a device again */
	bool strict;                       /* a plan that fails is never as without a tunnel */
	struct channel_wait wait;          /* tell.c's own, as the rest */
	int r;                             /* what came of it */
};

/* There is no device, or nobody behind it: what the engine wants is told by the setup that makes
 * the device again. */
bool tell_is_gone(int r);

/* n bytes, of which it is the first part. NULL: the call is answered. */
void *telling_new(struct call *call, size_t n);

/* Runs the plan, if there is any, then tells the tunnel, then finishes; or undoes it, drops
 * call->intent and answers the call. Always 0. */
int tell_after_plan(struct call *call, struct telling *telling);

/* Tells the tunnel, then finishes, which runs the plan. Always 0. */
int tell_before_plan(struct call *call, struct telling *telling);
