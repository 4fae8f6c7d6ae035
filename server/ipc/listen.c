#include <errno.h>
#include <stdlib.h>

#include "server/ipc/server_state.h"

#define RETRY_MS 100
#define CLOCK_MS 1000
#define BATCH    64 /* connections taken before the others are looked at again */

static void on_retry(uv_timer_t *timer);

static void start_accepting(struct server *s)
{
	if (s->accepting || s->draining || s->n_conns >= SERVER_CONNS_MAX)
		return;
	s->accepting = listener_watch(&s->listener) == 0;
	if (!s->accepting)
		uv_timer_start(&s->retry, on_retry, RETRY_MS, 0);
}

static void stop_accepting(struct server *s)
{
	listener_unwatch(&s->listener);
	s->accepting = false;
}

static void on_retry(uv_timer_t *timer)
{
	start_accepting(timer->data);
}

/* 0, or -EAGAIN when there is nobody, or another errno when there is no room for anybody. */
static int accept_one(struct server *s)
{
	wire_end end;
	int r = listener_accept(&s->listener, &end);

	if (r < 0)
		return r == -EINTR ? 0 : r;
	r = conn_new(s, end);
	if (r < 0)
		listener_refuse(end);
	return r;
}

static void on_listener(struct listener *listener)
{
	struct server *s = CONTAINER_OF(listener, struct server, listener);
	int r = 0;

	for (int i = 0; i < BATCH && r == 0 && s->n_conns < SERVER_CONNS_MAX; i++)
		r = accept_one(s);
	if (s->n_conns >= SERVER_CONNS_MAX) {
		stop_accepting(s);
	} else if (r < 0 && r != -EAGAIN) { /* EMFILE and its kin: who waits in the socket's queue
					       is served when there is room */
		stop_accepting(s);
		uv_timer_start(&s->retry, on_retry, RETRY_MS, 0);
	}
}

static void on_clock(uv_timer_t *timer)
{
	struct server *s = timer->data;
	uint64_t now = uv_now(s->options.loop);

	for (struct conn *c = s->conns, *next; c; c = next) {
		next = c->next;
		conn_check_time(c, now);
	}
}

int server_start(const struct server_options *options, struct server **ret)
{
	struct server *s = calloc(1, sizeof(*s));
	int r;

	if (!s)
		return -ENOMEM;
	s->options = *options;
	s->retry.data = s->clock.data = s->last.data = s;
	r = listener_open(&s->listener, options, on_listener);
	if (r < 0) {
		free(s);
		return r;
	}
	uv_timer_init(options->loop, &s->retry);
	uv_timer_init(options->loop, &s->clock);
	uv_timer_init(options->loop, &s->last);
	uv_timer_start(&s->clock, on_clock, CLOCK_MS, CLOCK_MS);
	start_accepting(s);
	*ret = s;
	return 0;
}

void server_drain(struct server *s)
{
	if (s->draining)
		return;
	s->draining = true;
	stop_accepting(s);
	uv_timer_stop(&s->retry);
	for (struct conn *c = s->conns, *next; c; c = next) {
		next = c->next;
		conn_drain(c);
	}
}

void server_tell(struct server *s, const struct ovd_event *event)
{
	for (struct conn *c = s->conns, *next; c; c = next) {
		next = c->next;
		if (c->listens && !c->closing)
			conn_tell(c, event);
	}
}

size_t server_listeners(const struct server *s)
{
	return s->n_listeners;
}

size_t server_parked(const struct server *s)
{
	size_t n = s->n_parked;

	for (const struct call *call = s->waiting; call; call = call->next_waiting)
		n += !call->parked;
	return n;
}

static void end_if_closed(struct server *s)
{
	void (*closed)(void *arg) = s->closed;
	void *arg = s->closed_arg;

	if (!s->closing || s->n_conns > 0 || s->n_handles > 0)
		return;
	arena_done(&s->arena);
	free(s);
	closed(arg);
}

static void handle_closed(struct server *s)
{
	s->n_handles--;
	end_if_closed(s);
}

static void on_handle_closed(uv_handle_t *handle)
{
	handle_closed(handle->data);
}

static void on_listener_closed(struct listener *listener)
{
	handle_closed(CONTAINER_OF(listener, struct server, listener));
}

static void close_handles(struct server *s)
{
	uv_handle_t *handles[] = { (uv_handle_t *)&s->retry, (uv_handle_t *)&s->clock,
				   (uv_handle_t *)&s->last };

	if (uv_is_closing(handles[0]))
		return;
	for (size_t i = 0; i < ARRAY_SIZE(handles); i++, s->n_handles++)
		uv_close(handles[i], on_handle_closed);
	s->n_handles++;
	listener_close(&s->listener, on_listener_closed);
}

static void on_last(uv_timer_t *timer)
{
	struct server *s = timer->data;

	for (struct conn *c = s->conns, *next; c; c = next) {
		next = c->next;
		conn_close(c);
	}
	close_handles(s);
}

void server_conn_gone(struct server *s)
{
	s->n_conns--;
	start_accepting(s);
	if (s->closing && s->n_conns == 0 && !uv_is_closing((uv_handle_t *)&s->last))
		close_handles(s);
	end_if_closed(s);
}

void server_close(struct server *s, unsigned ms, void (*closed)(void *arg), void *arg)
{
	server_drain(s);
	s->closing = true;
	s->closed = closed;
	s->closed_arg = arg;
	listener_stop(&s->listener);
	for (struct conn *c = s->conns, *next; c; c = next) {
		next = c->next;
		conn_drain(c);
	}
	if (s->n_conns == 0)
		close_handles(s);
	else
		uv_timer_start(&s->last, on_last, ms, 0);
}
