/* The daemon, served by a thread of the test's own process, and clients of its pipe. */
#pragma once

#include <pthread.h>

#include "runtime/frame.h"
#include "runtime/stream.h"
#include "server/windows/daemon_windows.h"
#include "tests/check.h"

struct served {
	struct daemon_windows *d;
	pthread_t thread;
	enum daemon_failure ended; /* what daemon_serve said */
	char dir[128], pipe[128];
};

/* A data dir and a pipe that no other test has. */
void served_places(struct served *s);

/* Starts it in such places, and a thread that serves. */
void served_start(struct served *s);

/* Waits for its end, which was asked for; wants it to be fine. */
void served_wait(struct served *s);

/* Asks, and waits. */
void served_stop(struct served *s);

/* Removes what lies in the data dir. */
void served_remove(const struct served *s);

struct client {
	struct stream *stream;
	struct frame_reader in;
};

void client_open(struct client *c, const char *pipe);
void client_close(struct client *c);

/* Bytes as they are; a body after its length. False: the daemon has closed it. */
bool client_bytes(struct client *c, const void *bytes, size_t n);
bool client_body(struct client *c, const char *body);

/* The next body; it lives until the next call; .p is NULL at the end. Fails after 20 s. */
struct ovd_view client_read(struct client *c);

/* One request, {"op":...}, and wants this in the answer, and its id. */
void client_expect(struct client *c, unsigned id, const char *request, const char *want);

#define STATUS "{\"op\":\"status\"}"
