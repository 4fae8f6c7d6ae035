/* Deletes links that were cut, many at a time: one deletion waits as long as a hundred. */
#pragma once

struct reaper;

/* Starts its thread. Negative errno. */
int reaper_start(struct reaper **ret);

/* Links were put into LINK_GROUP_GONE. */
void reaper_wake(struct reaper *r);

/* Returns when all links that were in the group are gone. */
void reaper_wait(struct reaper *r);

/* Waits and ends. Accepts NULL. */
void reaper_stop(struct reaper *r);
