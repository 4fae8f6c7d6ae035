/* Default routes, watched. */
#pragma once

#include <stdbool.h>

/* A descriptor that gets readable with each change of a route; the caller closes it. Negative
 * errno. */
int uplink_watch_open(void);

/* Reads of what is there so much that others get their turn too: true if a default route was among
 * it. Never blocks. */
bool uplink_watch_read(int fd);
