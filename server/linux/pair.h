/* A veth pair: one end on the host, one in a container. */
#pragma once

#include "server/linux/platform.h"
#include "server/linux/rtnl.h"

struct pair {
	int netns;
	const char *host, *guest, *alias;
	int master; /* index of the bridge that the host's end is a port of; 0 for none */
	uint32_t mtu;
	const uint8_t
		*mac; /* of the container's end, MAC_BYTES bytes; NULL: the kernel makes one up */
	int index;    /* filled: of both ends, each in its namespace; 0 if there is no pair */
};

/* Makes it: the container's end lies in its namespace from the start, with its name, and down.
 * -EEXIST where a link of one of the names is there that isn't ours. A failure leaves nothing. */
int pair_create(struct linux_net *l, struct pair *pair, char *detail);

/* Carries out messages inside the container, lo up before them. */
int pair_configure(struct linux_net *l, const struct pair *pair, struct rtnl_batch *b,
		   char *detail);

/* Returns when packets pass the host's end. -ETIMEDOUT. */
int pair_wait(struct linux_net *l, const struct pair *pair);

/* Deletes it, at once, by the index that it was made with: the name may be another link's by now.
 * *index is 0 afterwards, and may be so before. */
void pair_delete(struct linux_net *l, int *index);
