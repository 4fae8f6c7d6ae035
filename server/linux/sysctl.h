/* Forwarding, for the links that take part and no others. */
#pragma once

#include "server/store/store.h"

/* Packets that come in by this link may be forwarded: IPv4 by its own switch; IPv6 by
 * force_forwarding, where the kernel has it, else by the one for all links, and then links that
 * heard router advertisements go on hearing them. Failures of what the kernel lacks are ok; the
 * first other one is returned. What is changed of links that aren't ours, and for all links, is
 * written down in the store first, if that is not NULL: settings_restore takes it back. */
int sysctl_forward(struct store *store, const char *link);
