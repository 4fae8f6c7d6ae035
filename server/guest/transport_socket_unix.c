#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

#include "runtime/util.h"
#include "runtime/deadline.h"
#include "server/guest/transport_socket.h"

#define BACKLOG 64

struct socket_transport {
	struct transport transport;
	int fd;
	int cancelled; /* an eventfd: readable from the first cancel on */
	void (*peer)(intptr_t socket, const void *address, char text[TRANSPORT_PEER_MAX]);
	char *path; /* of a socket file that goes with it; NULL: none */
};

static struct socket_transport *socket_of(const struct transport *t)
{
	return CONTAINER_OF(t, struct socket_transport, transport);
}

/* 0: what is waited for may be there. */
static int wait_for(const struct socket_transport *s, short events, uint64_t deadline)
{
	struct pollfd both[] = { { .fd = s->fd, .events = events },
				 { .fd = s->cancelled, .events = POLLIN } };

	for (;;) {
		int left = deadline_left(deadline), r = poll(both, 2, left);

		if (r < 0 && errno != EINTR)
			return -errno;
		if (r > 0 && both[0].revents)
			return 0;
		if (r > 0)
			return -ECANCELED;
		if (r == 0 && left == 0)
			return -ETIMEDOUT;
	}
}

/* Of a peer that is gone, or of a network that is none of ours: accept(2). */
static bool is_peers_fault(int error)
{
	return error == EINTR || error == ECONNABORTED || error == EPROTO || error == EPERM ||
	       error == ENETDOWN || error == EHOSTUNREACH || error == ENETUNREACH;
}

static int accept_one(struct transport *t, int timeout_ms, struct transport **ret)
{
	struct socket_transport *s = socket_of(t);
	uint64_t deadline = deadline_in(timeout_ms);
	struct sockaddr_storage from = { 0 };

	for (;;) {
		socklen_t n = sizeof(from);
		int r, fd = accept4(s->fd, (struct sockaddr *)&from, &n,
				    SOCK_CLOEXEC | SOCK_NONBLOCK);

		if (fd >= 0) {
			r = transport_socket_adopt(fd, s->peer, NULL, ret);
			if (r == 0)
				s->peer(fd, &from, (*ret)->peer);
			return r;
		}
		if (errno != EAGAIN && !is_peers_fault(errno))
			return -errno;
		r = errno == EAGAIN ? wait_for(s, POLLIN, deadline) : 0;
		if (r < 0)
			return r;
	}
}

static ssize_t receive(struct transport *t, void *p, size_t n, int timeout_ms)
{
	struct socket_transport *s = socket_of(t);
	uint64_t deadline = deadline_in(timeout_ms);

	for (;;) {
		ssize_t got = recv(s->fd, p, n, 0);
		int r;

		if (got >= 0)
			return got;
		if (errno != EAGAIN && errno != EINTR)
			return -errno;
		r = errno == EAGAIN ? wait_for(s, POLLIN, deadline) : 0;
		if (r < 0)
			return r;
	}
}

static int send_all(struct transport *t, const void *p, size_t n, int timeout_ms)
{
	struct socket_transport *s = socket_of(t);
	uint64_t deadline = deadline_in(timeout_ms);

	for (size_t done = 0; done < n;) {
		ssize_t sent = send(s->fd, (const char *)p + done, n - done, MSG_NOSIGNAL);
		int r = 0;

		if (sent >= 0)
			done += (size_t)sent;
		else if (errno == EAGAIN)
			r = wait_for(s, POLLOUT, deadline);
		else if (errno != EINTR)
			r = -errno;
		if (r < 0)
			return r;
	}
	return 0;
}

static void cancel(struct transport *t)
{
	eventfd_write(socket_of(t)->cancelled, 1);
}

static void close_all(struct transport *t)
{
	struct socket_transport *s = socket_of(t);

	fd_closep(&s->fd);
	fd_closep(&s->cancelled);
	if (s->path)
		unlink(s->path);
	free(s->path);
	free(s);
}

static const struct transport_ops ops = {
	.accept = accept_one,
	.recv = receive,
	.send = send_all,
	.cancel = cancel,
	.close = close_all,
};

int transport_socket_adopt(int fd,
			   void (*peer)(intptr_t socket, const void *address,
					char text[TRANSPORT_PEER_MAX]),
			   const char *path, struct transport **ret)
{
	struct socket_transport *s = calloc(1, sizeof(*s));
	int r = 0;

	if (!s) {
		fd_closep(&fd);
		return -ENOMEM;
	}
	*s = (struct socket_transport){
		.transport.ops = &ops,
		.fd = fd,
		.cancelled = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK),
		.peer = peer,
		.path = path ? strdup(path) : NULL,
	};
	if (s->cancelled < 0 || fcntl(fd, F_SETFL, O_NONBLOCK) < 0)
		r = -errno;
	else if (path && !s->path)
		r = -ENOMEM;
	if (r < 0)
		close_all(&s->transport);
	else
		*ret = &s->transport;
	return r;
}

int transport_socket_listen(const struct socket_family *family, const void *address,
			    struct transport **ret)
{
	_cleanup_(fd_closep) int fd =
		socket(family->family, SOCK_STREAM | SOCK_CLOEXEC, family->protocol);
	const int on = 1;
	int r;

	if (fd < 0)
		return -errno;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (bind(fd, address, (socklen_t)family->address_size) < 0 || listen(fd, BACKLOG) < 0)
		return -errno;
	r = fd;
	fd = -1;
	return transport_socket_adopt(r, family->peer, NULL, ret);
}

int transport_socket_connect(const struct socket_family *family, const void *address,
			     struct transport **ret)
{
	_cleanup_(fd_closep) int fd =
		socket(family->family, SOCK_STREAM | SOCK_CLOEXEC, family->protocol);
	int r;

	if (fd < 0 || connect(fd, address, (socklen_t)family->address_size) < 0)
		return -errno;
	r = fd;
	fd = -1;
	r = transport_socket_adopt(r, family->peer, NULL, ret);
	if (r == 0)
		family->peer(socket_of(*ret)->fd, address, (*ret)->peer);
	return r;
}

int transport_socket_name(const struct transport *t, void *address, size_t n)
{
	socklen_t length = (socklen_t)n;

	return getsockname(socket_of(t)->fd, address, &length) < 0 ? -errno : 0;
}
