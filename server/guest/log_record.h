/* A record of a guest's log in one form, whatever form the guest gave it. */
#pragma once

#include "server/guest/record.h"

/* Appends a line of JSON:
 *	{"guest":"...","time":"...","level":"info","message":"..."}
 * time is the guest's own, as it wrote it, and missing where it wrote none. level is error, warn,
 * info or debug, whatever the guest said; info where it said nothing. What is no JSON object is a
 * message as a whole, and so is an object without one. "truncated":true where it is.
 *
 * An object's members: time, level, msg or message; of an event of Windows (Source ETW) Message.
 * Nothing is appended for a record of blanks. -ENOMEM, and the buffer is as it was. */
int log_record_put(struct buf *to, struct ovd_view guest, const struct record *record);

/* The same for a message of ours about a guest. */
int log_record_put_note(struct buf *to, struct ovd_view guest, const char *message);
