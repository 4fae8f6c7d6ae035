/* overlayctl raw. */
#pragma once

#include "client/overlayd.h"

/* Sends the text, or what standard input holds if it is NULL: a whole frame, or a request that gets
 * a frame around it. Prints the body of the answer. Returns the exit status. */
int raw_run(struct ovd_client *client, const char *text, unsigned timeout_ms);
