/* What a tunnel must be told so that its peers are as wanted. */
#pragma once

#include "server/engine/tunnel.h"

struct tunnel_difference {
	struct tunnel_peer *peers;
	size_t n;
	struct ovd_cidr *prefixes; /* of their lists */
};

/* From what is to what is wanted. Peers that nobody wants stay as they are, or,
 * with `only`, go. An endpoint stays while
 * there are handshakes with it, as the peer may have roamed; now: seconds since 1970. `wanted` must
 * outlive the result. -ENOMEM. */
int tunnel_difference(const struct tunnel_state *is, const struct tunnel_peer *wanted, size_t n,
		      bool only, int64_t now, struct tunnel_difference *ret);

void tunnel_difference_done(struct tunnel_difference *d);
