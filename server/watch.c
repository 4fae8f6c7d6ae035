#include "server/watch.h"

#include <poll.h>
#include <stdlib.h>

#include "runtime/util.h"

struct watch {
	uv_poll_t poll;
	int fd;
	short events;
	void (*ready)(void *arg);
	void *arg;
};

static void on_ready(uv_poll_t *handle, int status _unused_, int events _unused_)
{
	struct watch *w = handle->data;

	w->ready(w->arg);
}

static void on_closed(uv_handle_t *handle)
{
	free(handle->data);
}

struct watch *watch_new(uv_loop_t *loop, int fd, short events, void (*ready)(void *arg), void *arg)
{
	struct watch *w = calloc(1, sizeof(*w));

	if (!w)
		return NULL;
	*w = (struct watch){ .fd = fd, .ready = ready, .arg = arg };
	if (uv_poll_init(loop, &w->poll, fd) < 0) {
		free(w);
		return NULL;
	}
	w->poll.data = w;
	watch_events(w, events);
	return w;
}

void watch_events(struct watch *w, short events)
{
	int wanted = (events & POLLIN ? UV_READABLE : 0) | (events & POLLOUT ? UV_WRITABLE : 0);

	if (events == w->events)
		return;
	w->events = events;
	if (wanted)
		uv_poll_start(&w->poll, wanted, on_ready);
	else
		uv_poll_stop(&w->poll);
}

void watch_free(struct watch *w)
{
	if (w)
		uv_close((uv_handle_t *)&w->poll, on_closed);
}

int watch_fd(const struct watch *w)
{
	return w->fd;
}

static void note_open(uv_handle_t *handle, void *arg)
{
	*(bool *)arg |= uv_is_active(handle) || uv_is_closing(handle);
}

bool watch_close_loop(uv_loop_t *loop)
{
	bool open;

	do {
		open = false;
		uv_run(loop, UV_RUN_NOWAIT);
		uv_walk(loop, note_open, &open);
	} while (open);
	return uv_loop_close(loop) == 0;
}
