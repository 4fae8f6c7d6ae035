/* A connection to a daemon, with time limits. */
#pragma once

#include "runtime/frame.h"

/* Connects to a Unix socket; tries again for ms while nobody listens. A non-blocking descriptor for
 * the caller to close; negative errno. */
int link_open(const char *path, unsigned ms);

/* Writes all: 0; -ETIMEDOUT if nothing could be written for ms; negative errno of send(2). */
int link_send(int fd, const void *p, size_t n, unsigned ms);

/* The next frame's body, a view into the reader until its next use: 0; -ETIMEDOUT if nothing came
 * for ms; -ENOTCONN: closed between two frames; -ECONNRESET: closed inside one; -EBADMSG: a length
 * that is none. */
int link_receive(int fd, struct frame_reader *in, unsigned ms, struct ovd_view *ret);

/* Nothing more will be written. */
void link_shut(int fd);
