/* A client's connection to a daemon: a Unix socket, or on Windows a named pipe. For one thread at a
 * time. Functions return negative errno. */
#pragma once

#include <stddef.h>
#include <sys/types.h>

struct stream;

enum stream_ready {
	STREAM_READABLE = 1,
	STREAM_WRITABLE = 2,
};

/* Connects, without waiting: errno of connect(2), -ENOMEM. A pipe, \\.\pipe\NAME, whose instances
 * are all taken is waited for, for two seconds at most, then -EAGAIN; -ENOENT: there is none;
 * -EINVAL: the path is none of this machine's pipes. */
int stream_open(const char *path, struct stream **ret);

/* Closes it. On Windows what has not reached the pipe yet is lost. Accepts NULL. */
void stream_close(struct stream *s);

/* Takes what is there, n bytes at most: their number, 0 at the end; -EAGAIN: nothing yet; -EINTR,
 * others: it is broken. */
ssize_t stream_read(struct stream *s, void *p, size_t n);

/* Writes what there is room for: the number of bytes; -EAGAIN: none; -EINTR, others: it is broken.
 */
ssize_t stream_write(struct stream *s, const void *p, size_t n);

/* The same with descriptors, STREAM_FDS_MAX at most, that go along with the first byte; they stay
 * the caller's. -ENOTSUP: a pipe takes none. */
#define STREAM_FDS_MAX 4
ssize_t stream_write_fds(struct stream *s, const void *p, size_t n, const int *fds, size_t n_fds);

/* Waits until it is ready for what is asked for, or broken; ms at most. For what it is ready,
 * 0: the time is up, or the wait was interrupted. */
int stream_wait(struct stream *s, int what, int ms);

/* Nothing more will be written, and the other end sees that; reading goes on. -ENOTSUP: a pipe has
 * no such half. */
int stream_shut(struct stream *s);

/* For poll(2); on Windows -1. */
int stream_fd(const struct stream *s);
