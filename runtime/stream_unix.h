/* Unix stream sockets. */
#pragma once

#include <sys/types.h>

/* Longest path of a socket, the NUL included: sizeof(sun_path), unix(7). */
#define STREAM_PATH_MAX 108

/* Listens at path. A socket file that nobody listens on is replaced; -EADDRINUSE if somebody does,
 * -EEXIST if it is something else, -ENAMETOOLONG. The file is never open to more than mode says,
 * also not for a moment. group (gid_t)-1 leaves it; a chown that is refused is no failure. Returns
 * a descriptor, CLOEXEC and non-blocking, that the caller closes. */
int stream_listen(const char *path, mode_t mode, gid_t group);

/* Connects, without waiting; returns a blocking descriptor, CLOEXEC. Negative errno of connect(2):
 * -EAGAIN when the listener has as many to accept as it allows. */
int stream_connect(const char *path);
