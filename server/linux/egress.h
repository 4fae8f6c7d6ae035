/* The links that lead out of the host. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "server/engine/step.h"
#include "server/store/store.h"

#define EGRESS_MAX 2 /* a link for each family */

struct egress {
	char links[EGRESS_MAX][LINK_NAME_MAX];
	size_t n;     /* 0 where nothing leads out; 1 where both families leave by one link */
	uint32_t mtu; /* the least of theirs */
};

/* The links by which packets to the rest of the world leave the host, IPv4's before IPv6's: a
 * question each, however many routes there are. A link of ours is none. fd: an rtnetlink socket. */
struct egress egress_find(int fd);

/* Packets are forwarded on all of them, as sysctl_forward does it. Negative errno: the first
 * failure; the others are tried. */
int egress_forward(struct store *store, const struct egress *egress);

/* WireGuard's share of a packet is 80 bytes over IPv6; 1420 is what its field uses on a 1500 link.
 */
uint32_t egress_tunnel_mtu(const struct egress *egress);
