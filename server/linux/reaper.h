/* Deletes links that were cut, many at a time: one deletion waits as long as a hundred. But for
 * bridges: while one goes nobody can change a link for some 18 ms (rcu_barrier under the lock of
 * all links, br_multicast_dev_del, net/bridge/br_multicast.c), so that they go one at a time, and
 * others get their turn in between. */
#pragma once

#include "runtime/log.h"

struct reaper;

/* Starts its thread. What can't be deleted goes to the log, which must outlive it, and is tried
 * again. Negative errno. */
int reaper_start(struct log *log, struct reaper **ret);

/* Links were put into LINK_GROUP_GONE. */
void reaper_wake(struct reaper *r);

/* Returns when all links that were in the group are gone, or could not be deleted. */
void reaper_wait(struct reaper *r);

/* This link is to be deleted, alone. -EALREADY, -ENOMEM. */
int reaper_take(struct reaper *r, int index);

/* Returns when the link is not to be deleted, or isn't any more: it has gone, or could not. */
void reaper_wait_for(struct reaper *r, int index);

/* Returns when there is nothing more to do. -errno: something could not be deleted. */
int reaper_finish(struct reaper *r);

/* Waits and ends. Accepts NULL. */
void reaper_stop(struct reaper *r);
