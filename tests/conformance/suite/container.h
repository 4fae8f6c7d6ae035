/* A process with a network of its own, to be attached. */
#pragma once

#include <sys/types.h>

/* pid is -1 while there is none. */
struct container {
	pid_t pid;
};

/* Needs no privilege where user namespaces are allowed. Negative errno where they aren't. */
int container_start(struct container *ret);

void container_end(struct container *c);
