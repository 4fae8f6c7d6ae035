/* The socket file that clients connect to. */
#pragma once

#include <stdbool.h>
#include <sys/stat.h>
#include <sys/types.h>

/* Who may connect beside root: group `zlayer`, where there is one. A child looks it up while its
 * parent does other things: the modules of the name service, 700 kB with systemd's, would stay
 * mapped for life. */
struct socket_group {
	int answer;
	pid_t child;
};

/* Begins to ask; socket_file_open waits for the answer. The child has a copy of what is open now.
 */
void socket_group_ask(struct socket_group *g);

/* One that listens. {.fd = -1} for none. */
struct socket_file {
	const char *path;
	int fd;           /* the server's, from the moment it has it: -1 then */
	bool there;       /* and ours to remove */
	struct stat stat; /* of the file that is ours */
};

/* Listens at path, mode 0660, of the group that was asked for; makes its directory. A socket that
 * the service manager hands over is taken instead, and path, ACTIVATION_PATH_MAX bytes at least,
 * says its name then: see activation.h. The path must outlive it. What stream_listen and
 * activation_take say. */
int socket_file_open(struct socket_file *s, char *path, struct socket_group *group);

/* Closes what is open, and removes the file if it is still ours. */
void socket_file_close(struct socket_file *s);
