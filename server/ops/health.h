/* Whether peers are reached: looked at while somebody listens, who then hears of each change.
 *
 * A peer is healthy for as long as its last handshake is younger than HEALTH_AGE_SECONDS: those who
 * have something to say, or a keepalive, make one every two minutes, and after three their keys are
 * thrown away (WireGuard, "Protocol & Cryptography": REKEY_AFTER_TIME, REJECT_AFTER_TIME). One that
 * has gone, or whose tunnel has, is not. */
#pragma once

#include "server/ops/daemon.h"

#define HEALTH_AGE_SECONDS 180
#define HEALTH_SECONDS     2 /* between two looks */

/* Somebody listens: looks now, and again and again until nobody does. What was so at the first look
 * is told to nobody: status has it. Without memory it is left. */
void health_begin(struct daemon *d);

/* Looks no more. */
void health_end(struct daemon *d);
