/* Host names of peers' endpoints, looked up beside everything else. */
#pragma once

#include "server/ops/daemon.h"

/* Looks the endpoint's host up, tells the tunnel, and tries again every RESOLVE_RETRY_SECONDS while
 * it fails and the peer still wants that name. A look-up of the same that is under way goes on.
 * endpoint is host:port and is copied. Failures are logged. */
#define RESOLVE_RETRY_SECONDS 30
void resolve_peer(struct daemon *d, struct ovd_view service, const struct ovd_key *key,
		  struct ovd_view endpoint);

/* Ends all look-ups; their memory goes when the loop has run once more. */
void resolve_stop(struct daemon *d);
