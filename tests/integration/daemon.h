/* The real overlayd, in namespaces of the test's own. */
#pragma once

#include <sys/types.h>

#include "tests/check.h"
#include "tests/sandbox.h"

struct test_daemon {
	pid_t pid;
	char dir[64]; /* the data dir */
	char socket[128];
};

/* Starts $B/bin/overlayd with a data dir of its own and more arguments, ended by NULL, and waits
 * until it listens. */
void daemon_start(struct test_daemon *d, ...);

/* A sandbox, a daemon in it, and a connection to that; and their end. */
int daemon_begin(struct test_daemon *d);
void daemon_end(struct test_daemon *d, int fd);

/* daemon_start without waiting, for one that isn't meant to come up. */
pid_t daemon_spawn(const char *const *argv);

/* A connection, as soon as somebody listens there. Fails after 20 s. */
int connect_when_up(const char *path);

/* Waits for its end. The exit status, or -signal. Fails after 20 s. */
int daemon_wait(pid_t pid);

/* Sends SIGTERM and wants exit status 0. */
void daemon_stop(struct test_daemon *d);

/* A connection. */
int daemon_connect(const struct test_daemon *d);

/* Bytes as they are. */
void send_bytes(int fd, const void *bytes, size_t n);

/* A body after its length. */
void send_body(int fd, const char *body);

/* The next body, as a string in memory of the test's; NULL at the end of the stream. Fails after 20
 * s. */
char *read_body(int fd);

/* One request, {"op":...}, with this id; the answer's body. */
char *ask(int fd, unsigned id, const char *request);

/* Asks, and wants this in the answer. */
void expect(int fd, const char *request, const char *want);

/* The build is a sanitizer's, whose memory is another matter. */
bool sanitized(void);

/* Resident memory, in KiB; descriptors that are open. */
long daemon_rss(const struct test_daemon *d);
int daemon_descriptors(const struct test_daemon *d);
