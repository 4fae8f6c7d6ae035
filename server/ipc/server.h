/* The listening socket and its connections. */
#pragma once

#include <uv.h>

#include "runtime/log.h"
#include "schema/overlayd.h"
#include "server/ipc/call.h"

#define SERVER_CONNS_MAX 2048 /* more wait in the socket's queue */
#define SERVER_QUEUE_MAX                                                                           \
	(16 * 1024 * 1024)      /* bytes of answers that a client doesn't read; then it is closed */
#define SERVER_FRAME_SECONDS 10 /* from a frame's first byte to its last; then it is closed */

struct server;

struct server_options {
	uv_loop_t *loop;
	int listen_fd; /* from stream_listen; the server closes it */
	struct listen_pipe
		*pipe; /* on Windows instead: from listen_pipe_new; the server frees it */
	struct worker *worker;
	struct worker *helper; /* for what is large; NULL: the loop does that itself */
	struct log *log;
	struct daemon *daemon;           /* for call->daemon */
	void (*ended)(struct daemon *d); /* a call that was parked is answered, and those that
					    wait are not woken yet; may be NULL */
	int (*dispatch)(struct call *call,
			const struct ovd_request *request); /* ovd_dispatch, another one in tests */
};

/* Begins to listen. -ENOMEM or what libuv said. */
int server_start(const struct server_options *options, struct server **ret);

/* Takes no more connections and reads no more; what is parked goes on, requests that were read
 * behind it get err. Twice is once. */
void server_drain(struct server *s);

/* Calls that are parked, or wait for one that is. */
size_t server_parked(const struct server *s);

/* Sends an event to the connections that want to hear them (call_listen), each in the form of its
 * last request. Whoever doesn't read is closed as for answers: SERVER_QUEUE_MAX. */
void server_tell(struct server *s, const struct ovd_event *event);

/* How many those are. */
size_t server_listeners(const struct server *s);

/* Calls that got -EINPROGRESS are handled again: something that was being changed is so no more,
 * and no call was answered with it. */
void server_wake(struct server *s);

/* Writes what can be written within `ms`, closes everything, then calls closed on the loop, once,
 * and frees the server. */
void server_close(struct server *s, unsigned ms, void (*closed)(void *arg), void *arg);
