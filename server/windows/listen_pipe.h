/* A named pipe that clients connect to. Several of its instances wait at any time; when a client
 * has taken one, another takes its place before that client is served. On the loop it is a
 * listener: see server/ipc/listener.h. */
#pragma once

#include "server/windows/overlap.h"

#define LISTEN_WAITING 4 /* instances that wait for clients */

/* Full access for LocalSystem and Administrators, none for others; inherited by nothing. */
#define LISTEN_SDDL L"D:P(A;;FA;;;SY)(A;;FA;;;BA)"

/* What is asked of Windows; tests ask something else. */
struct pipe_calls {
	HANDLE(*create)
	(const wchar_t *path, DWORD open_mode, DWORD pipe_mode, SECURITY_ATTRIBUTES *security);
	BOOL (*connect)(HANDLE pipe, OVERLAPPED *overlapped);
};

/* CreateNamedPipeW and ConnectNamedPipe. */
extern const struct pipe_calls pipe_calls_windows;

struct listen_pipe;

/* Makes the first instance: from now on clients that come wait for us. calls must outlive it.
 * -EINVAL: the path is none of \\.\pipe\; -EADDRINUSE: another process has made it, or may not let
 * us; -ENOMEM, other errno. */
int listen_pipe_new(const char *path, const struct pipe_calls *calls, struct listen_pipe **ret);

/* Accepts NULL. */
void listen_pipe_free(struct listen_pipe *p);

/* The first instance, until a listener has it: for tests. */
HANDLE listen_pipe_first(const struct listen_pipe *p);

struct listener_slot {
	struct listener *listener;
	struct overlap wait;
	HANDLE pipe; /* NULL: none, to be made */
	bool connected;
};

struct listener {
	uv_loop_t *loop;
	struct listen_pipe *pipe;
	struct listener_slot slots[LISTEN_WAITING];
	unsigned n_open; /* of the slots */
	bool watched;
	void (*ready)(struct listener *l);
	void (*closed)(struct listener *l);
};
