/* Forwarding, for the links that take part and no others. */
#pragma once

#include <stdbool.h>

#include "server/store/store.h"

/* Packets that come in by this link may be forwarded: IPv4 by its own switch; IPv6 by
 * force_forwarding, where the kernel has it, else by the one for all links, and then links that
 * heard router advertisements go on hearing them. Failures of what the kernel lacks are ok; the
 * first other one is returned. What is changed of links that aren't ours, and for all links, is
 * written down in the store first, if that is not NULL: settings_restore takes it back. */
int sysctl_forward(struct store *store, const char *link);

/* The host answers on this link for the addresses that it is a proxy of. -errno. */
int sysctl_proxy_ip6(const char *link);

/* The host itself speaks IPv6 on this link of ours, or doesn't; what passes a bridge passes either
 * way. Each link with IPv6 has a route to all multicast groups, and the kernel looks at all of them
 * whenever a link comes up or goes down (fib6_clean_all, net/ipv6/ip6_fib.c), so that thousands of
 * links that don't need it make all slow. -errno, but one that can't be without is ok. */
int sysctl_ip6(const char *link, bool on);
