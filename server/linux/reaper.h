/* Deletes links that were cut, many at a time: one deletion waits as long as a hundred. */
#pragma once

#include "runtime/log.h"

struct reaper;

/* Starts its thread. What can't be deleted goes to the log, which must outlive it, and is tried
 * again. Negative errno. */
int reaper_start(struct log *log, struct reaper **ret);

/* Links were put into LINK_GROUP_GONE. */
void reaper_wake(struct reaper *r);

/* Returns when all links that were in the group are gone, or could not be deleted: -errno. */
int reaper_wait(struct reaper *r);

/* Waits and ends. Accepts NULL. */
void reaper_stop(struct reaper *r);
