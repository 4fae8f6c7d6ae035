/* The server from the inside. */
#pragma once

#include "server/ipc/conn.h"
#include "server/ipc/listener.h"
#include "server/ipc/server.h"

struct server {
	struct server_options options;
	struct listener listener;
	uv_timer_t retry; /* until accept is worth trying again */
	uv_timer_t clock; /* looks for frames that take too long */
	uv_timer_t last;  /* ends the flush of server_close */
	bool accepting, draining, closing;
	unsigned n_handles; /* of the three timers and the listener, while they close */
	struct arena arena; /* for what events are made of */
	struct conn *conns;
	size_t n_conns;
	size_t n_listeners; /* of them, those that hear events */
	size_t n_parked;
	struct call *waiting; /* calls whose thing is being changed, oldest first */
	void (*closed)(void *arg);
	void *closed_arg;
};

/* A connection has gone: there is room for another, and the server may be closed now. */
void server_conn_gone(struct server *s);
