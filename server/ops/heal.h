/* A tunnel whose process has died is made again, and given what it had. */
#pragma once

#include "server/ops/daemon.h"

/* How long after a failure it is tried again: twice as long each time, from the first to the last.
 */
#define HEAL_FIRST_MS 100
#define HEAL_LAST_MS  30000

/* The other side of a tunnel's channel is gone, and nobody asked for that. Begins to make the
 * tunnel again, unless that is under way. What fails is logged. */
void heal_begin(struct daemon *d, struct ovd_view service);

/* The link thread is just doing it for one of them: d->settled will be called. */
bool heal_is_busy(const struct daemon *d);

/* Gives up all that the link thread isn't just doing. */
void heal_end(struct daemon *d);
