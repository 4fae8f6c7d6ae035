/* Tunnels whose records are lost: the node's, and those of dedicated services. */
#pragma once

#include "server/ops/daemon.h"

/* The tunnel of a service that is still to be found. */
struct lost_tunnel {
	struct lost_tunnel *next;
	char link[LINK_NAME_MAX];
	char alias[LINK_ALIAS_MAX];
	struct ovd_cidr
		subnet; /* its address's: half of a block, of which the bridge has the other */
};

/* It is as if the record had been read from the store, and written down there. What fails is
 * logged; -EBADMSG, -ENOMEM: the engine doesn't know it. */
int lost_remember(struct daemon *d, const struct state_record *record);

/* The node's tunnel is known again, if this is it, without its peers; true if so. */
bool lost_tunnel_is_nodes(struct daemon *d, const struct net_link *link,
			  const struct lost_mark *mark);

/* The same of a service's; NULL: it has none. */
const struct lost_tunnel *lost_tunnel_beside(const struct lost_tunnel *all,
					     const struct state_service *service);

/* The service is known again with this tunnel and its peers. False: it isn't, the device, whose key
 * nobody knows, is gone, and that is logged. */
bool lost_tunnel_take(struct daemon *d, const struct lost_tunnel *tunnel,
		      const struct state_service *service);

/* The peers of the node's tunnel, or of a service's, are known again, but for guests. */
void lost_peers_take(struct daemon *d, const char *link, struct ovd_view service);

/* The addresses of guests are given to nobody; how many weren't already. */
unsigned lost_guests_hold(struct daemon *d, const char *link);
