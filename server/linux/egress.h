/* The link that leads out of the host. */
#pragma once

#include <stdint.h>

#include "server/engine/step.h"

struct egress {
	char link[LINK_NAME_MAX]; /* "" where there is none */
	uint32_t mtu;
};

/* The link by which packets to the rest of the world leave the host, IPv4 before IPv6: one
 * question, however many routes there are. A link of ours is none. fd: an rtnetlink socket. */
struct egress egress_find(int fd);

/* WireGuard's share of a packet is 80 bytes over IPv6; 1420 is what its field uses on a 1500 link.
 */
uint32_t egress_tunnel_mtu(const struct egress *egress);
