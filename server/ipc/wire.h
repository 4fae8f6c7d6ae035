/* How a connection's bytes come and go: a socket, or on Windows a named pipe. The connection learns
 * when it is ready, and then reads and writes without waiting. On the loop's thread alone. */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

#ifdef _WIN32
#include "server/windows/wire_pipe.h"
#else
#include "server/ipc/wire_socket.h"
#endif

/* Descriptors that came along with bytes. */
#define WIRE_FDS_MAX 4
struct wire_fds {
	int fd[WIRE_FDS_MAX]; /* CLOEXEC; whoever reads owns them */
	unsigned n;
	bool more; /* there were others, and they are closed */
};

/* Makes a wire of an accepted end, which is the wire's from then on. ready is called with what it
 * is ready for, UV_READABLE and UV_WRITABLE, or with a negative status: it is broken. Negative
 * errno or what libuv said, and the end is the caller's still. */
int wire_open(struct wire *w, uv_loop_t *loop, wire_end end,
	      void (*ready)(struct wire *w, int status, int events));

/* What ready is to be called for from now on; 0: nothing. */
void wire_watch(struct wire *w, int events);

/* The number of bytes, 0 at the end; -EAGAIN, -EINTR, or the errno that broke it. What comes along
 * comes with the last of the bytes; a pipe has no such thing. */
ssize_t wire_read(struct wire *w, void *p, size_t n, struct wire_fds *ret);

/* The number of bytes that are on their way, and no longer the caller's; errno as above. */
ssize_t wire_write(struct wire *w, const void *p, size_t n);

/* Ends it; closed is called on the loop when nothing uses its memory any more. */
void wire_close(struct wire *w, void (*closed)(struct wire *w));
