/* overlayctl raw. */
#pragma once

#include "client/overlayd.h"
#include "runtime/buf.h"

/* Appends what is sent for a text that was typed: a request, an object with a key "op" and no
 * "frame" before it, gets a frame around it; all else goes as it is, right or wrong. -ENOMEM. */
int raw_body(struct ovd_view text, struct buf *out);

/* Sends the text, or what standard input holds if it is NULL, as raw_body says. Prints the body of
 * the answer. Returns the exit status. */
int raw_run(struct ovd_client *client, const char *text, unsigned timeout_ms);
