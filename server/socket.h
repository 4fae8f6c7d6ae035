/* The socket file that clients connect to. */
#pragma once

#include <stdbool.h>
#include <sys/stat.h>

/* One that listens. {.fd = -1} for none. */
struct socket_file {
	const char *path;
	int fd;           /* the server's, from the moment it has it: -1 then */
	bool there;
	struct stat stat; /* of the file that is ours */
};

/* Listens at path, mode 0660, group `zlayer` where there is one; makes its directory. The path must
 * outlive it. What stream_listen says. */
int socket_file_open(struct socket_file *s, char *path);

/* Closes what is open, and removes the file if it is still ours. */
void socket_file_close(struct socket_file *s);
