/* Where clients knock: a listening socket, or on Windows a named pipe. On the loop's thread alone.
 */
#pragma once

#include "server/ipc/wire.h"

#ifdef _WIN32
#include "server/windows/listen_pipe.h"
#else
#include "server/ipc/listener_socket.h"
#endif

struct server_options;

/* Takes over what the options name, on success. ready is called while somebody waits to be accepted
 * and the listener is watched. Negative errno or what libuv said. */
int listener_open(struct listener *l, const struct server_options *options,
		  void (*ready)(struct listener *l));

/* Negative errno: it can't be watched now, and may be later. */
int listener_watch(struct listener *l);
void listener_unwatch(struct listener *l);

/* Somebody's end, the caller's from now on: 0; -EAGAIN: nobody is there; -EINTR: somebody was, and
 * has gone; other errno: there is no room for anybody. */
int listener_accept(struct listener *l, wire_end *ret);

/* Closes an end that was accepted and made no wire of. */
void listener_refuse(wire_end end);

/* Takes nobody any more: who knocks now finds nothing there. Before close. */
void listener_stop(struct listener *l);

/* Ends it; closed is called on the loop when nothing uses its memory any more. */
void listener_close(struct listener *l, void (*closed)(struct listener *l));
