/* The socket file that clients connect to. */
#pragma once

#include <stdbool.h>
#include <sys/stat.h>

/* One that listens. {.fd = -1} for none. */
struct socket_file {
	const char *path;
	int fd;           /* the server's, from the moment it has it: -1 then */
	bool there;       /* and ours to remove */
	struct stat stat; /* of the file that is ours */
};

/* Listens at path, mode 0660, group `zlayer` where there is one; makes its directory. A socket that
 * the service manager hands over is taken instead, and path, ACTIVATION_PATH_MAX bytes at least,
 * says its name then: see activation.h. The path must outlive it. What stream_listen and
 * activation_take say. */
int socket_file_open(struct socket_file *s, char *path);

/* Closes what is open, and removes the file if it is still ours. */
void socket_file_close(struct socket_file *s);
