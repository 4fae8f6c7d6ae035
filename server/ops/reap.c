#include "server/ops/reap.h"

#include <stdio.h>
#include <stdlib.h>

#include "server/ops/channel.h"
#include "server/ops/heal.h"

/* There while a service is removed, and after a failure until it is tried again. */
struct reap {
	struct daemon *daemon;
	uv_timer_t timer;
	unsigned wait_ms; /* after the next failure */
	char service[SERVICE_TEXT_MAX];
	struct plan plan;
	struct intent *intent;
	struct job job;
	struct call *waiting; /* linked by their state */
	bool busy;
};

static void timer_closed(uv_handle_t *timer)
{
	struct reap *reap = timer->data;

	plan_done(&reap->plan);
	free(reap);
}

void reap_end(struct daemon *d)
{
	struct reap *reap = d->reap;

	if (!reap || reap->busy)
		return;
	d->reap = NULL;
	uv_close((uv_handle_t *)&reap->timer, timer_closed);
}

void reap_then_answer(struct call *call)
{
	struct daemon *d = call->daemon;

	reap_look(d);
	if (!reap_is_busy(d)) {
		call_ok(call);
		return;
	}
	call->state = d->reap->waiting;
	d->reap->waiting = call;
}

bool reap_is_busy(const struct daemon *d)
{
	return d->reap && d->reap->busy;
}

/* A container is detached whatever comes of its service. */
static void answer(struct reap *reap)
{
	while (reap->waiting) {
		struct call *call = reap->waiting;

		reap->waiting = call->state;
		call_ok(call);
	}
}

static void try(uv_timer_t *timer);
static bool begin(struct reap *reap);

/* What can't be undone of it, a tunnel, is made again. */
static void failed(struct reap *reap)
{
	struct daemon *d = reap->daemon;

	engine_drop(d->engine, reap->intent);
	log_at(d->log, LOG_WARN, "service %s can't go with its last container yet: %s",
	       reap->service, reap->plan.detail);
	if (channel_follow(d, view(reap->service)) < 0)
		heal_begin(d, view(reap->service));
	plan_clear(&reap->plan);
	uv_timer_start(&reap->timer, try, reap->wait_ms, 0);
	reap->wait_ms = MIN(reap->wait_ms * 2, REAP_LAST_MS);
}

static void removed(struct job *job)
{
	struct reap *reap = CONTAINER_OF(job, struct reap, job);
	struct daemon *d = reap->daemon;

	reap->busy = false;
	if (job->result < 0) {
		failed(reap);
		answer(reap);
	} else {
		engine_commit(d->engine, reap->intent);
		plan_clear(&reap->plan);
		reap->wait_ms = REAP_FIRST_MS;
		if (!begin(reap)) {
			answer(reap);
			reap_end(d);
		}
	}
	d->settled(d);
}

/* False: it has to wait for somebody who ends, or nothing leaves any more. */
static bool begin(struct reap *reap)
{
	struct daemon *d = reap->daemon;
	const char *leaver = engine_service_leaver(d->engine);

	if (!leaver || engine_service_reap(d->engine, &reap->plan, &reap->intent) < 0)
		return false;
	snprintf(reap->service, sizeof(reap->service), "%s", leaver);
	channels_close_for(d, &reap->plan);
	reap->busy = true;
	reap->job = (struct job){ .plan = &reap->plan, .done = removed };
	worker_submit(d->worker, &reap->job);
	return true;
}

static void try(uv_timer_t *timer)
{
	struct reap *reap = timer->data;

	if (!begin(reap))
		reap_end(reap->daemon);
}

void reap_look(struct daemon *d)
{
	struct reap *reap;

	if (d->reap || !engine_service_leaver(d->engine))
		return;
	reap = calloc(1, sizeof(*reap));
	if (!reap)
		return;
	reap->daemon = d;
	reap->wait_ms = REAP_FIRST_MS;
	uv_timer_init(d->loop, &reap->timer);
	reap->timer.data = reap;
	d->reap = reap;
	try(&reap->timer);
}
