#include <errno.h>
#include <string.h>
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

static void take_fds(struct msghdr *message, struct wire_fds *ret)
{
	const struct cmsghdr *c = CMSG_FIRSTHDR(message);

	ret->more = message->msg_flags & MSG_CTRUNC;
	if (!c || c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
		return;
	ret->n = (unsigned)((c->cmsg_len - CMSG_LEN(0)) / sizeof(int)); /* as there was room */
	memcpy(ret->fd, CMSG_DATA(c), ret->n * sizeof(int));
}

ssize_t wire_read(struct wire *w, void *p, size_t n, struct wire_fds *ret)
{
	_Alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof(ret->fd))];
	struct iovec bytes = { .iov_base = p, .iov_len = n };
	struct msghdr message = { .msg_iov = &bytes,
				  .msg_iovlen = 1,
				  .msg_control = control,
				  .msg_controllen = sizeof(control) };
	ssize_t got = recvmsg(w->fd, &message, MSG_CMSG_CLOEXEC);

	if (got < 0)
		return -errno;
	*ret = (struct wire_fds){ .n = 0 };
	take_fds(&message, ret);
	return got;
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
