/* What others change on the host that concerns us: firewall, the way out. On the loop. */
#pragma once

#include "server/linux/nft.h"

struct host_watch;

/* nft, which must live as long: NULL for no rules. Negative errno. */
int host_watch_new(const struct nft *nft, struct host_watch **ret);
void host_watch_free(struct host_watch *w);

/* Readable when read is to be called. read: true if something changed; what comes in the moment
 * after that, HOST_WATCH_REST_MS, is told once, at the end of it. */
#define HOST_WATCH_REST_MS 100
int host_watch_fd(const struct host_watch *w);
bool host_watch_read(struct host_watch *w);
