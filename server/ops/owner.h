/* Whose a container is. */
#pragma once

#include "server/ops/daemon.h"

/* What the id of a namespace begins with that was attached by a descriptor; its inode and "]"
 * follow, as in the links of /proc/PID/ns. */
#define NETNS_BY_FD "net:["

/* Who is behind a handle that has a network namespace, with its descriptors; see struct net. */
int owner_open(const struct daemon *d, const struct owner *owner, struct net_owner *ret);

/* It is a namespace that was attached by a descriptor. */
bool owner_is_by_fd(const struct owner *owner);

/* It is the same as then. */
bool owner_is(const struct owner *owner, const struct net_owner *now);

/* Whether the process ended, or its pid or path is another's by now; of one that lives ret has what
 * owner_open gives, unless the daemon has no descriptors or memory left to look: nobody is cut off
 * for that. */
bool owner_look(const struct daemon *d, const struct owner *owner, struct net_owner *ret);

/* The same. A namespace that was attached by a
 * descriptor has ended if its interface has: no other way leads to it. arg is the struct daemon. */
bool owner_gone(const void *arg, const struct owner *owner);
