/* What an attach or a detach is about, in the call's arena; call->state is it. */
#pragma once

#include "server/ops/tell.h"

struct attaching {
	struct telling telling; /* of a guest */
	struct attach_spec spec;
	struct net_owner owner;   /* whose descriptors are open until the plan has ended */
	struct channel_wait wait; /* for the port that a guest is told */
};
