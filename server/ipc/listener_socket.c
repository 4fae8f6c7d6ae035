#include <errno.h>
#include <sys/socket.h>

#include "server/ipc/listener.h"
#include "server/ipc/server.h"

int listener_open(struct listener *l, const struct server_options *options,
		  void (*ready)(struct listener *l))
{
	int r = uv_poll_init(options->loop, &l->poll, options->listen_fd);

	if (r < 0)
		return r;
	l->poll.data = l;
	l->fd = options->listen_fd;
	l->ready = ready;
	return 0;
}

static void on_ready(uv_poll_t *handle, int status _unused_, int events _unused_)
{
	struct listener *l = handle->data;

	l->ready(l);
}

int listener_watch(struct listener *l)
{
	return uv_poll_start(&l->poll, UV_READABLE, on_ready);
}

void listener_unwatch(struct listener *l)
{
	uv_poll_stop(&l->poll);
}

int listener_accept(struct listener *l, wire_end *ret)
{
	int fd = accept4(l->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

	if (fd < 0)
		return errno == ECONNABORTED ? -EINTR : -errno;
	*ret = fd;
	return 0;
}

void listener_refuse(wire_end end)
{
	close(end);
}

void listener_stop(struct listener *l)
{
	fd_closep(&l->fd);
}

static void on_closed(uv_handle_t *handle)
{
	struct listener *l = handle->data;

	l->closed(l);
}

void listener_close(struct listener *l, void (*closed)(struct listener *l))
{
	l->closed = closed;
	uv_close((uv_handle_t *)&l->poll, on_closed);
}
