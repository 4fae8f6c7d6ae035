/* Whose a container is. */
#pragma once

#include "server/ops/daemon.h"

/* The process ended, or its pid is another's by now. arg is the struct daemon. */
bool owner_gone(const void *arg, const struct owner *owner);
