/* The link that leads out of the host. */
#pragma once

#include <netlink/netlink.h>
#include <stdint.h>

#include "server/engine/step.h"

struct egress {
	char link[LINK_NAME_MAX]; /* "" where there is none */
	uint32_t mtu;
};

/* The link of the best default route of the main table, IPv4 before IPv6; links of ours don't
 * count. */
int egress_find(struct nl_sock *sock, struct egress *ret);

/* WireGuard's share of a packet is 80 bytes over IPv6; 1420 is what its field uses on a 1500 link.
 */
uint32_t egress_tunnel_mtu(const struct egress *egress);
