#include <errno.h>
#include <sys/socket.h>

#include "runtime/util.h"
#include "server/ipc/wire.h"

static void on_ready(uv_poll_t *handle, int status, int events)
{
	struct wire *w = handle->data;

	w->ready(w, status, events);
}

int wire_open(struct wire *w, uv_loop_t *loop, wire_end end,
	      void (*ready)(struct wire *w, int status, int events))
{
	int r = uv_poll_init(loop, &w->poll, end);

	if (r < 0)
		return r;
	w->poll.data = w;
	w->fd = end;
	w->watched = 0;
	w->ready = ready;
	return 0;
}

void wire_watch(struct wire *w, int events)
{
	if (events == w->watched)
		return;
	w->watched = events;
	if (events)
		uv_poll_start(&w->poll, events, on_ready);
	else
		uv_poll_stop(&w->poll);
}

ssize_t wire_read(struct wire *w, void *p, size_t n)
{
	ssize_t got = recv(w->fd, p, n, 0);

	return got < 0 ? -errno : got;
}

ssize_t wire_write(struct wire *w, const void *p, size_t n)
{
	ssize_t put = send(w->fd, p, n, MSG_NOSIGNAL);

	return put < 0 ? -errno : put;
}

static void on_closed(uv_handle_t *handle)
{
	struct wire *w = handle->data;

	fd_closep(&w->fd);
	w->closed(w);
}

void wire_close(struct wire *w, void (*closed)(struct wire *w))
{
	w->closed = closed;
	uv_close((uv_handle_t *)&w->poll, on_closed);
}
