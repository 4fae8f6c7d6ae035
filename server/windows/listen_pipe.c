#include "runtime/util.h"
#include "runtime/wide.h"
#include "server/ipc/listener.h"
#include "server/ipc/server.h"

#include <sddl.h>

#define PREFIX     L"\\\\.\\pipe\\"
#define PIPE_BYTES 65536 /* that the system keeps each way */
#define LEFT_TRIES 16    /* clients that come and leave at once, one after another */

struct listen_pipe {
	const struct pipe_calls *calls;
	wchar_t *path;
	SECURITY_ATTRIBUTES security;
	HANDLE first;
};

static HANDLE create(const wchar_t *path, DWORD open_mode, DWORD pipe_mode,
		     SECURITY_ATTRIBUTES *security)
{
	return CreateNamedPipeW(path, open_mode, pipe_mode, PIPE_UNLIMITED_INSTANCES, PIPE_BYTES,
				PIPE_BYTES, 0, security);
}

static BOOL connect_client(HANDLE pipe, OVERLAPPED *overlapped)
{
	return ConnectNamedPipe(pipe, overlapped);
}

const struct pipe_calls pipe_calls_windows = { .create = create, .connect = connect_client };

/* ---- the pipe ---- */

/* first: and nobody else has one of that name. */
static int make_instance(struct listen_pipe *p, bool first, HANDLE *ret)
{
	HANDLE pipe = p->calls->create(p->path,
				       PIPE_ACCESS_DUPLEX | FILE_FLAG_OVERLAPPED |
					       (first ? FILE_FLAG_FIRST_PIPE_INSTANCE : 0),
				       PIPE_TYPE_BYTE | PIPE_READMODE_BYTE | PIPE_WAIT |
					       PIPE_REJECT_REMOTE_CLIENTS,
				       &p->security);

	if (pipe == INVALID_HANDLE_VALUE)
		return first && GetLastError() == ERROR_ACCESS_DENIED ? -EADDRINUSE
								      : wide_error(GetLastError());
	*ret = pipe;
	return 0;
}

int listen_pipe_new(const char *path, const struct pipe_calls *calls, struct listen_pipe **ret)
{
	struct listen_pipe *p = calloc(1, sizeof(*p));
	int r = 0;

	if (!p)
		return -ENOMEM;
	p->calls = calls;
	p->path = wide_of(path);
	p->security.nLength = sizeof(p->security);
	if (!p->path || wcsnicmp(p->path, PREFIX, wcslen(PREFIX)) != 0 || !p->path[wcslen(PREFIX)])
		r = -EINVAL;
	else if (!ConvertStringSecurityDescriptorToSecurityDescriptorW(
			 LISTEN_SDDL, SDDL_REVISION_1, &p->security.lpSecurityDescriptor, NULL))
		r = wide_error(GetLastError());
	else
		r = make_instance(p, true, &p->first);
	if (r < 0) {
		listen_pipe_free(p);
		return r;
	}
	*ret = p;
	return 0;
}

void listen_pipe_free(struct listen_pipe *p)
{
	if (!p)
		return;
	if (p->first)
		CloseHandle(p->first);
	if (p->security.lpSecurityDescriptor)
		LocalFree(p->security.lpSecurityDescriptor);
	free(p->path);
	free(p);
}

HANDLE listen_pipe_first(const struct listen_pipe *p)
{
	return p->first;
}

/* ---- its instances that wait ---- */

static int drop(struct listener_slot *slot, DWORD error)
{
	CloseHandle(slot->pipe);
	slot->pipe = NULL;
	slot->connected = false;
	return wide_error(error);
}

static int wait_for_client(struct listener_slot *slot)
{
	const struct pipe_calls *calls = slot->listener->pipe->calls;
	DWORD error = ERROR_NO_DATA;

	/* 232: somebody came and has left again; the instance is as new after a disconnect */
	for (int i = 0; i < LEFT_TRIES && error == ERROR_NO_DATA; i++) {
		error = overlap_begun(&slot->wait,
				      calls->connect(slot->pipe, overlap_begin(&slot->wait)));
		if (error == ERROR_NO_DATA)
			DisconnectNamedPipe(slot->pipe);
	}
	slot->connected = error == 0 || error == ERROR_PIPE_CONNECTED;
	if (slot->connected || error == ERROR_IO_PENDING)
		return 0;
	return drop(slot, error);
}

/* Puts an instance into the slot, if it has none, that waits for a client. */
static int arm(struct listener_slot *slot)
{
	struct listener *l = slot->listener;
	int r = 0;

	if (slot->pipe || !overlap_idle(&slot->wait))
		return 0;
	if (l->pipe->first) {
		slot->pipe = l->pipe->first;
		l->pipe->first = NULL;
	} else {
		r = make_instance(l->pipe, false, &slot->pipe);
	}
	if (r == 0 && overlap_attach(l->loop, slot->pipe) < 0)
		r = drop(slot, GetLastError());
	return r < 0 ? r : wait_for_client(slot);
}

/* Negative errno if one can't be made now; the others wait nevertheless. */
static int arm_all(struct listener *l)
{
	int r = 0;

	for (size_t i = 0; i < LISTEN_WAITING; i++)
		r = MIN(r, arm(&l->slots[i]));
	return r;
}

static void call_ready(struct listener *l)
{
	if (l->watched)
		l->ready(l);
}

static void client_came(struct overlap *o)
{
	struct listener_slot *slot = CONTAINER_OF(o, struct listener_slot, wait);
	DWORD n;

	if (o->busy && slot->pipe) {
		slot->connected = overlap_end(o, slot->pipe, &n) == 0;
		if (!slot->connected)
			drop(slot, GetLastError());
	}
	call_ready(slot->listener);
}

/* ---- a listener ---- */

int listener_open(struct listener *l, const struct server_options *options,
		  void (*ready)(struct listener *l))
{
	l->loop = options->loop;
	l->pipe = options->pipe;
	l->ready = ready;
	l->watched = false;
	l->n_open = LISTEN_WAITING;
	for (size_t i = 0; i < LISTEN_WAITING; i++) {
		l->slots[i] = (struct listener_slot){ .listener = l };
		overlap_init(&l->slots[i].wait, l->loop, client_came);
	}
	return 0;
}

int listener_watch(struct listener *l)
{
	int r = arm_all(l);

	l->watched = true;
	for (size_t i = 0; i < LISTEN_WAITING; i++)
		if (l->slots[i].connected) {
			overlap_soon(&l->slots[i].wait);
			break;
		}
	return r;
}

void listener_unwatch(struct listener *l)
{
	l->watched = false;
}

int listener_accept(struct listener *l, wire_end *ret)
{
	int r = arm_all(l);

	for (size_t i = 0; i < LISTEN_WAITING; i++) {
		struct listener_slot *slot = &l->slots[i];

		if (!slot->connected)
			continue;
		*ret = slot->pipe;
		slot->pipe = NULL;
		slot->connected = false;
		arm(slot); /* if not now, then when somebody is accepted the next time */
		return 0;
	}
	return r < 0 ? r : -EAGAIN;
}

void listener_refuse(wire_end end)
{
	CloseHandle(end);
}

void listener_stop(struct listener *l)
{
	l->watched = false;
	for (size_t i = 0; i < LISTEN_WAITING; i++)
		if (l->slots[i].pipe) {
			CancelIoEx(l->slots[i].pipe, NULL);
			drop(&l->slots[i], 0);
		}
}

static void slot_closed(struct overlap *o)
{
	struct listener *l = CONTAINER_OF(o, struct listener_slot, wait)->listener;

	if (--l->n_open > 0)
		return;
	listen_pipe_free(l->pipe);
	l->closed(l);
}

void listener_close(struct listener *l, void (*closed)(struct listener *l))
{
	l->closed = closed;
	listener_stop(l);
	for (size_t i = 0; i < LISTEN_WAITING; i++)
		overlap_close(&l->slots[i].wait, slot_closed);
}
