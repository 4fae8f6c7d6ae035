/* Addresses of links, routes to prefixes. */
#pragma once

#include "server/linux/rtnl.h"

/* Messages for a batch. No duplicate address detection: the addresses are ours to give. */
void address_put(struct rtnl_batch *b, int index, const struct ovd_ip *ip, uint8_t prefix_len);

/* Takes one away that has no prefix beside it. */
void address_put_delete(struct rtnl_batch *b, int index, const struct ovd_ip *ip);

/* A link-local address, fe80::1/64: without one the kernel can't ask who has an address that it
 * forwards to (ndisc_send_ns, linux/net/ipv6/ndisc.c). -EEXIST where it is
 * there. */
void address_put_link_local(struct rtnl_batch *b, int index);

/* A route in a table (RT_TABLE_MAIN); gateway, source may be {0}: none. flags: RTNH_F_ONLINK.
 * delete: take it away. */
struct route {
	struct ovd_cidr to;
	struct ovd_ip gateway, source;
	int index;
	uint8_t table, scope;
};
void route_put(struct rtnl_batch *b, const struct route *route);
void route_put_delete(struct rtnl_batch *b, const struct route *route);

/* Packets from this address are routed by that table alone. */
void rule_put_from(struct rtnl_batch *b, const struct ovd_ip *from, uint8_t table);

/* Takes one such rule away, whatever its address; -ENOENT if there is none. */
void rule_put_delete(struct rtnl_batch *b, uint8_t family, uint8_t table);

/* No link of the host has an address in that block; -EADDRINUSE, and detail says which. Links that
 * aren't bridges and whose alias begins with mark (NULL: none) may have one. */
int address_none_in(int fd, const struct ovd_cidr *block, const char *mark, char *detail);

/* The first address that isn't link-local of a link in another namespace, which has this number
 * here (IFLA_LINK_NETNSID); {0} if there is none. Since Linux 4.20. */
struct ovd_ip address_in(int fd, int netns, int index);

/* The addresses of a link that aren't link-local, the oldest first, with their prefix lengths, not
 * as networks; those that there is room for. */
int address_list(int fd, int index, struct ovd_cidr *ret, size_t room, size_t *ret_n);

/* How many addresses the link has that aren't link-local. */
int address_count(int fd, int index, size_t *ret);

/* The link has these addresses with these prefixes, which aren't networks, and no other that isn't
 * link-local. -E2BIG. */
#define ADDRESSES_WANT_MAX 257
int address_only(int fd, int index, const struct ovd_cidr *want, size_t n, char *detail);
