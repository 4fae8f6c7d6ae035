#include "server/ops/chore.h"

#include <errno.h>
#include <stdlib.h>

#include "server/engine/start.h"

static void timer_closed(uv_handle_t *timer)
{
	struct chore *c = timer->data;

	plan_done(&c->plan);
	free(c);
}

static void end(struct chore *c)
{
	struct chore **at = &c->daemon->chores;

	while (*at != c)
		at = &(*at)->next;
	*at = c->next;
	engine_tunnel_not_again(c->daemon->engine, service_tunnel(c->service));
	uv_close((uv_handle_t *)&c->timer, timer_closed);
}

void chores_end(struct daemon *d)
{
	for (struct chore *c = d->chores, *next; c; c = next) {
		next = c->next;
		if (!c->busy)
			end(c);
	}
}

bool chores_busy(const struct daemon *d)
{
	const struct chore *c = d->chores;

	while (c && !c->busy)
		c = c->next;
	return c;
}

static void due(uv_timer_t *timer)
{
	struct chore *c = timer->data;
	struct daemon *d = c->daemon;

	chore_try(c);
	d->settled(d); /* if it has ended, who waited for it needn't */
}

void chore_try_in(struct chore *c, unsigned ms)
{
	uv_timer_start(&c->timer, due, ms, 0);
}

static void done(struct job *job)
{
	struct chore *c = CONTAINER_OF(job, struct chore, job);
	struct daemon *d = c->daemon;
	bool all;

	c->busy = false;
	if (job->result == 0)
		engine_commit(d->engine, c->intent);
	else
		engine_drop(d->engine, c->intent);
	all = c->kind->ended(c, job->result);
	plan_clear(&c->plan);
	if (all) {
		end(c);
	} else {
		chore_try_in(c, c->wait_ms);
		c->wait_ms = MIN(c->wait_ms * 2, CHORE_LAST_MS);
	}
	d->settled(d);
}

void chore_try(struct chore *c)
{
	int r = c->kind->ask(c);

	if (r == -EALREADY) {
		end(c);
	} else if (r < 0) {
		plan_clear(&c->plan);
		chore_try_in(c, CHORE_FIRST_MS);
	} else {
		uv_timer_stop(&c->timer);
		c->busy = true;
		c->job = (struct job){ .plan = &c->plan, .done = done };
		worker_submit(c->daemon->worker, &c->job);
	}
}

struct chore *chore_find(const struct daemon *d, const struct chore_kind *kind,
			 struct ovd_view service)
{
	struct chore *c = d->chores;

	while (c && (c->kind != kind || !view_eq(service_tunnel(c->service), service)))
		c = c->next;
	return c;
}

struct chore *chore_new(struct daemon *d, const struct chore_kind *kind, struct ovd_view service)
{
	struct chore *c = calloc(1, sizeof(*c));

	if (!c)
		return NULL;
	c->daemon = d;
	c->kind = kind;
	tunnel_name(service, c->service);
	c->wait_ms = CHORE_FIRST_MS;
	uv_timer_init(d->loop, &c->timer);
	c->timer.data = c;
	c->next = d->chores;
	d->chores = c;
	return c;
}
