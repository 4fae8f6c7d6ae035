/* A connection to a daemon, with time limits. */
#pragma once

#include "runtime/frame.h"
#include "runtime/stream.h"

/* Connects to a Unix socket, on Windows a pipe; tries again for ms while nobody listens. The caller
 * closes it with stream_close; negative errno. */
int link_open(const char *path, unsigned ms, struct stream **ret);

/* Writes all: 0; -ETIMEDOUT if nothing could be written for ms; negative errno of stream_write. */
int link_send(struct stream *s, const void *p, size_t n, unsigned ms);

/* The next frame's body, a view into the reader until its next use: 0; -ETIMEDOUT if nothing came
 * for ms; -ENOTCONN: closed between two frames; -ECONNRESET: closed inside one; -EBADMSG: a length
 * that is none. */
int link_receive(struct stream *s, struct frame_reader *in, unsigned ms, struct ovd_view *ret);
