/* A service that is to go with its last container goes when that has gone, whatever ended last. */
#pragma once

#include "server/ops/daemon.h"

/* How long after a failure it is tried again: twice as long each time, from the first to the last.
 */
#define REAP_FIRST_MS 100
#define REAP_LAST_MS  30000

/* An intent has ended: begins to remove such services, if there are any, one after the other,
 * unless that is under way. What fails is logged. */
void reap_look(struct daemon *d);

/* The same for a call that is parked, which is answered `ok` when they have gone, or when one could
 * not go. */
void reap_then_answer(struct call *call);

/* The link thread is just doing it: d->settled will be called. */
bool reap_is_busy(const struct daemon *d);

/* Gives it up; not while it is busy. */
void reap_end(struct daemon *d);
