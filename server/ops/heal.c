#include "server/ops/heal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "server/engine/start.h"
#include "server/ops/channel.h"

struct heal {
	struct heal *next;
	struct daemon *daemon;
	char service[SERVICE_TEXT_MAX]; /* whose tunnel */
	uv_timer_t timer;
	unsigned wait_ms; /* after the next failure */
	struct plan plan;
	struct intent *intent;
	struct job job;
	bool busy;   /* the link thread has the job */
	bool closed; /* the timer is */
};

static void free_if_done(struct heal *h)
{
	if (!h->closed || h->busy)
		return;
	plan_done(&h->plan);
	free(h);
}

static void timer_closed(uv_handle_t *timer)
{
	struct heal *h = timer->data;

	h->closed = true;
	free_if_done(h);
}

static void end(struct heal *h)
{
	struct heal **at = &h->daemon->heals;

	while (*at != h)
		at = &(*at)->next;
	*at = h->next;
	engine_tunnel_not_again(h->daemon->engine, service_tunnel(h->service));
	uv_close((uv_handle_t *)&h->timer, timer_closed);
}

void heal_end(struct daemon *d)
{
	struct heal *h, *next;

	for (h = d->heals; h; h = next) {
		next = h->next;
		if (!h->busy)
			end(h);
	}
}

bool heal_is_busy(const struct daemon *d)
{
	const struct heal *h = d->heals;

	while (h && !h->busy)
		h = h->next;
	return h;
}

static void try(uv_timer_t *timer);

static void try_later(struct heal *h)
{
	uv_timer_start(&h->timer, try, h->wait_ms, 0);
	h->wait_ms = MIN(h->wait_ms * 2, HEAL_LAST_MS);
}

static void made(struct heal *h)
{
	struct daemon *d = h->daemon;

	engine_commit(d->engine, h->intent);
	log_at(d->log, LOG_INFO, "tunnel %s is there again",
	       engine_tunnel_link(d->engine, service_tunnel(h->service)));
	if (channel_follow(d, service_tunnel(h->service)) < 0)
		try_later(h);
	else
		end(h);
}

static void not_made(struct heal *h)
{
	engine_drop(h->daemon->engine, h->intent);
	log_at(h->daemon->log, LOG_WARN, "a tunnel can't be made again yet: %s", h->plan.detail);
	try_later(h);
}

static void done(struct job *job)
{
	struct heal *h = CONTAINER_OF(job, struct heal, job);
	struct daemon *d = h->daemon;

	h->busy = false;
	if (job->result == 0)
		made(h);
	else
		not_made(h);
	plan_clear(&h->plan);
	free_if_done(h);
	d->settled(d);
}

static void try(uv_timer_t *timer)
{
	struct heal *h = timer->data;
	struct daemon *d = h->daemon;
	int r = engine_tunnel_again(d->engine, service_tunnel(h->service), &h->plan, &h->intent);

	if (r == -EALREADY) { /* it was torn down meanwhile */
		end(h);
		d->settled(d);
	} else if (r < 0) { /* it is being changed */
		plan_clear(&h->plan);
		uv_timer_start(timer, try, HEAL_FIRST_MS, 0);
	} else {
		h->busy = true;
		h->job = (struct job){ .plan = &h->plan, .done = done };
		worker_submit(d->worker, &h->job);
	}
}

void heal_begin(struct daemon *d, struct ovd_view service)
{
	struct heal *h = d->heals;

	while (h && !view_eq(service_tunnel(h->service), service))
		h = h->next;
	if (h)
		return;
	h = calloc(1, sizeof(*h));
	if (!h)
		return;
	h->daemon = d;
	tunnel_name(service, h->service);
	h->wait_ms = HEAL_FIRST_MS;
	uv_timer_init(d->loop, &h->timer);
	h->timer.data = h;
	uv_timer_start(&h->timer, try, 0, 0);
	h->next = d->heals;
	d->heals = h;
}
