/* Whose a container is. */
#pragma once

#include "server/ops/daemon.h"

/* Who is behind a handle that has a network namespace, with its descriptors; see struct net. */
int owner_open(const struct daemon *d, const struct owner *owner, struct net_owner *ret);

/* It is the same as then. */
bool owner_is(const struct owner *owner, const struct net_owner *now);

/* The process ended, or its pid or path is another's by now. arg is the struct daemon. */
bool owner_gone(const void *arg, const struct owner *owner);
