/* Bridges and tunnels whose records are lost. */
#pragma once

#include "server/ops/lost_tunnels.h"

/* Of bridges that don't tell all of their services' names: who has an address of theirs knows them.
 */
struct lost_bridge {
	struct lost_bridge *next;
	char link[LINK_NAME_MAX];
	bool shared; /* it is that of all such services; else its name is too long for an alias */
	size_t n_subnets;
	struct state_prefix subnets[];
};

/* {0} is empty. */
struct lost_links {
	struct lost_bridge *bridges;
	struct lost_tunnel *tunnels; /* of services */
};

/* The tunnels, their peers and the services are known again, and written down, as far as the kernel
 * tells; *ret, which is empty, gets what else there is, to be freed. What fails is logged. */
void lost_links_read(struct daemon *d, struct lost_links *ret);
void lost_links_free(struct lost_links *lost);

/* Somebody with this address is of a service of this name: that is known again, if it was one of
 * the rest. */
void lost_links_name(struct daemon *d, const struct lost_links *lost, struct ovd_view service,
		     const struct ovd_ip *ip);

/* Addresses of the tunnel that containers and processes have that are no links of the host's are
 * given to nobody; how many weren't already. */
unsigned lost_links_hold(struct daemon *d);
