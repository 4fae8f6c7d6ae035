/* Winsock with overlapped calls: each waits for its end or for the event that cancels. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <winsock2.h>

#include <mswsock.h>
#include <windows.h>

#include "runtime/util.h"
#include "runtime/deadline.h"
#include "server/guest/transport_socket.h"

#define BACKLOG      16
#define ADDRESS_ROOM (128 + 16) /* AcceptEx: 16 more than the largest address */

struct socket_transport {
	struct transport transport;
	SOCKET socket;
	HANDLE cancelled;  /* manual reset, set by the first cancel and never reset */
	HANDLE read, sent; /* manual reset, of the one call in each direction */
	const struct socket_family *family;
	LPFN_ACCEPTEX accept_ex; /* of a listener */
};

static struct socket_transport *socket_of(const struct transport *t)
{
	return CONTAINER_OF(t, struct socket_transport, transport);
}

/* Winsock's errors, and those that overlapped calls end with. */
static int error_of(DWORD error)
{
	static const struct {
		DWORD error;
		int number;
	} errors[] = {
		{ WSAEAFNOSUPPORT, EAFNOSUPPORT },
		{ WSAEPROTONOSUPPORT, EAFNOSUPPORT },
		{ WSAESOCKTNOSUPPORT, EAFNOSUPPORT },
		{ WSAEADDRINUSE, EADDRINUSE },
		{ WSAEADDRNOTAVAIL, EADDRNOTAVAIL },
		{ WSAEACCES, EACCES },
		{ WSAEMFILE, EMFILE },
		{ WSAENOBUFS, ENOBUFS },
		{ WSAECONNREFUSED, ECONNREFUSED },
		{ WSAETIMEDOUT, ETIMEDOUT },
		{ WSAECONNRESET, ECONNRESET },
		{ WSAECONNABORTED, ECONNRESET },
		{ WSAEDISCON, ECONNRESET },
		{ WSAENETRESET, ECONNRESET },
		{ WSAESHUTDOWN, ECONNRESET },
		{ ERROR_NETNAME_DELETED, ECONNRESET },
		{ ERROR_CONNECTION_ABORTED, ECONNRESET },
	};

	for (size_t i = 0; i < ARRAY_SIZE(errors); i++)
		if (errors[i].error == error)
			return -errors[i].number;
	return -EIO;
}

static int last_error(void)
{
	return error_of((DWORD)WSAGetLastError());
}

/* Ends a call that was begun: what it did before it could be cancelled counts. */
static int finish(struct socket_transport *s, OVERLAPPED *o, uint64_t deadline, DWORD *ret_n)
{
	const HANDLE both[] = { o->hEvent, s->cancelled };
	int left = deadline_left(deadline);
	DWORD which = WaitForMultipleObjects(2, both, FALSE, left < 0 ? INFINITE : (DWORD)left);
	DWORD flags;

	if (which != WAIT_OBJECT_0)
		CancelIoEx((HANDLE)s->socket, o);
	if (WSAGetOverlappedResult(s->socket, o, ret_n, TRUE, &flags))
		return 0;
	if (WSAGetLastError() == WSA_OPERATION_ABORTED && which != WAIT_OBJECT_0)
		return which == WAIT_OBJECT_0 + 1 ? -ECANCELED : -ETIMEDOUT;
	return last_error();
}

static bool is_pending(void)
{
	return WSAGetLastError() == WSA_IO_PENDING;
}

static ssize_t receive(struct transport *t, void *p, size_t n, int timeout_ms)
{
	struct socket_transport *s = socket_of(t);
	OVERLAPPED o = { .hEvent = s->read };
	WSABUF room = { .buf = p, .len = (ULONG)MIN(n, INT32_MAX) };
	DWORD flags = 0, got;
	int r;

	ResetEvent(s->read);
	if (WSARecv(s->socket, &room, 1, NULL, &flags, &o, NULL) != 0 && !is_pending())
		return last_error();
	r = finish(s, &o, deadline_in(timeout_ms), &got);
	return r < 0 ? r : (ssize_t)got;
}

static int send_all(struct transport *t, const void *p, size_t n, int timeout_ms)
{
	struct socket_transport *s = socket_of(t);
	uint64_t deadline = deadline_in(timeout_ms);

	for (size_t done = 0; done < n;) {
		OVERLAPPED o = { .hEvent = s->sent };
		WSABUF rest = { .buf = (char *)p + done, .len = (ULONG)MIN(n - done, INT32_MAX) };
		DWORD sent;
		int r;

		ResetEvent(s->sent);
		if (WSASend(s->socket, &rest, 1, NULL, 0, &o, NULL) != 0 && !is_pending())
			return last_error();
		r = finish(s, &o, deadline, &sent);
		if (r < 0)
			return r;
		done += sent;
	}
	return 0;
}

static void cancel(struct transport *t)
{
	SetEvent(socket_of(t)->cancelled);
}

static void close_event(HANDLE event)
{
	if (event)
		CloseHandle(event);
}

static void close_all(struct transport *t)
{
	struct socket_transport *s = socket_of(t);

	closesocket(s->socket);
	close_event(s->cancelled);
	close_event(s->read);
	close_event(s->sent);
	WSACleanup();
	free(s);
}

static const struct transport_ops ops;

/* Takes the socket, also on failure. */
static int adopt(SOCKET socket, const struct socket_family *family, struct socket_transport **ret)
{
	struct socket_transport *s = calloc(1, sizeof(*s));
	WSADATA data;

	if (!s || WSAStartup(MAKEWORD(2, 2), &data) != 0) {
		closesocket(socket);
		free(s);
		return -ENOMEM;
	}
	*s = (struct socket_transport){ .transport.ops = &ops,
					.socket = socket,
					.cancelled = CreateEventW(NULL, TRUE, FALSE, NULL),
					.read = CreateEventW(NULL, TRUE, FALSE, NULL),
					.sent = CreateEventW(NULL, TRUE, FALSE, NULL),
					.family = family };
	if (!s->cancelled || !s->read || !s->sent) {
		close_all(&s->transport);
		return -ENOMEM;
	}
	*ret = s;
	return 0;
}

static SOCKET new_socket(const struct socket_family *family)
{
	return WSASocketW(family->family, SOCK_STREAM, family->protocol, NULL, 0,
			  WSA_FLAG_OVERLAPPED | WSA_FLAG_NO_HANDLE_INHERIT);
}

/* ---- accept ---- */

/* An accepted socket knows its listener and its peer only after this. */
static int welcome(struct socket_transport *listener, SOCKET socket, struct transport **ret)
{
	char address[ADDRESS_ROOM] = { 0 };
	struct socket_transport *s;
	int n = sizeof(address), r;

	if (setsockopt(socket, SOL_SOCKET, SO_UPDATE_ACCEPT_CONTEXT, (char *)&listener->socket,
		       sizeof(listener->socket)) != 0) {
		r = last_error();
		closesocket(socket);
		return r;
	}
	getpeername(socket, (struct sockaddr *)address, &n);
	r = adopt(socket, listener->family, &s);
	if (r < 0)
		return r;
	s->family->peer((intptr_t)socket, address, s->transport.peer);
	*ret = &s->transport;
	return 0;
}

static int accept_one(struct transport *t, int timeout_ms, struct transport **ret)
{
	struct socket_transport *s = socket_of(t);
	uint64_t deadline = deadline_in(timeout_ms);
	int r;

	do {
		char addresses[2 * ADDRESS_ROOM];
		OVERLAPPED o = { .hEvent = s->read };
		SOCKET socket = new_socket(s->family);
		DWORD n;

		if (socket == INVALID_SOCKET)
			return last_error();
		ResetEvent(s->read);
		r = 0;
		if (!s->accept_ex(s->socket, socket, addresses, 0, ADDRESS_ROOM, ADDRESS_ROOM, &n,
				  &o) &&
		    !is_pending())
			r = last_error();
		if (r == 0)
			r = finish(s, &o, deadline, &n);
		if (r == 0)
			r = welcome(s, socket, ret);
		else
			closesocket(socket);
	} while (r == -ECONNRESET); /* one that went while it came */
	return r;
}

static const struct transport_ops ops = {
	.accept = accept_one,
	.recv = receive,
	.send = send_all,
	.cancel = cancel,
	.close = close_all,
};

static int make_listener(struct socket_transport *s, const void *address)
{
	GUID id = WSAID_ACCEPTEX;
	BOOL on = TRUE;
	DWORD n;

	/* nobody else on this address; not every family knows it */
	setsockopt(s->socket, SOL_SOCKET, SO_EXCLUSIVEADDRUSE, (char *)&on, sizeof(on));
	if (bind(s->socket, address, (int)s->family->address_size) != 0 ||
	    listen(s->socket, BACKLOG) != 0 ||
	    WSAIoctl(s->socket, SIO_GET_EXTENSION_FUNCTION_POINTER, &id, sizeof(id), &s->accept_ex,
		     sizeof(s->accept_ex), &n, NULL, NULL) != 0)
		return last_error();
	return 0;
}

/* A transport over a new socket of this family. */
static int open_transport(const struct socket_family *family, struct socket_transport **ret)
{
	WSADATA data;
	SOCKET socket;
	int r;

	if (WSAStartup(MAKEWORD(2, 2), &data) != 0)
		return -EAFNOSUPPORT;
	socket = new_socket(family);
	r = socket == INVALID_SOCKET ? last_error() : adopt(socket, family, ret);
	WSACleanup(); /* adopt's own keeps it open */
	return r;
}

int transport_socket_listen(const struct socket_family *family, const void *address,
			    struct transport **ret)
{
	struct socket_transport *s;
	int r = open_transport(family, &s);

	if (r < 0)
		return r;
	r = make_listener(s, address);
	if (r < 0)
		close_all(&s->transport);
	else
		*ret = &s->transport;
	return r;
}

int transport_socket_connect(const struct socket_family *family, const void *address,
			     struct transport **ret)
{
	struct socket_transport *s;
	int r = open_transport(family, &s);

	if (r < 0)
		return r;
	if (connect(s->socket, address, (int)family->address_size) != 0) {
		r = last_error();
		close_all(&s->transport);
		return r;
	}
	family->peer((intptr_t)s->socket, address, s->transport.peer);
	*ret = &s->transport;
	return 0;
}

int transport_socket_name(const struct transport *t, void *address, size_t n)
{
	int length = (int)n;

	return getsockname(socket_of(t)->socket, address, &length) != 0 ? last_error() : 0;
}
