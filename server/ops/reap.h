/* A service that is to go with its last container goes when that has gone, whatever ended last. */
#pragma once

#include "server/ops/daemon.h"

/* An intent has ended: begins to remove such services, if there are any. What fails is logged, and
 * tried again. */
void reap_look(struct daemon *d);

/* The same for a call that is parked, which is answered `ok` when this service has gone, or could
 * not go, if it is one. */
void reap_then_answer(struct call *call, struct ovd_view service);

/* A first try has failed. */
void reap_again(struct daemon *d, struct ovd_view service);
