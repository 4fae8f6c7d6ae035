/* A service that is to go with its last container goes when that has gone, whatever ended last. */
#pragma once

#include "server/ops/daemon.h"

/* An intent of a container or a service has ended: begins to remove such services, if there are
 * any, one after the other. What fails is logged, and tried again the next time. */
void reap_look(struct daemon *d);

/* The link thread is just doing it: d->settled will be called. */
bool reap_is_busy(const struct daemon *d);
