/* Forwarding, for the links that take part and no others. */
#pragma once

#include <stdbool.h>

/* Packets that come in by this link may be forwarded: IPv4 by its own switch; IPv6 by
 * force_forwarding, where the kernel has it, else by the one for all links, and then links that
 * heard router advertisements go on hearing them. Failures of what the kernel lacks are ok; the
 * first other one is returned. */
int sysctl_forward(const char *link);

/* The host answers on this link for the addresses that it is a proxy of. -errno. */
int sysctl_proxy_ip6(const char *link);
