#include "server/ops/reap.h"

#include "server/ops/channel.h"
#include "server/ops/chore.h"

static int ask(struct chore *c)
{
	struct daemon *d = c->daemon;
	int r = engine_service_reap(d->engine, view(c->service), &c->plan, &c->intent);

	if (r == 0)
		channels_close_for(d, &c->plan);
	return r;
}

/* A container is detached whatever comes of its service. A tunnel that has gone before the rest
 * fell is nobody's any more: it is not made again. */
static bool ended(struct chore *c, int r)
{
	if (r < 0)
		log_at(c->daemon->log, LOG_WARN,
		       "service %s can't go with its last container yet: %s", c->service,
		       c->plan.detail);
	while (c->waiting) {
		struct call *call = c->waiting;

		c->waiting = call->state;
		call_ok(call);
	}
	return r == 0;
}

static const struct chore_kind reaping = { .ask = ask, .ended = ended };

static struct chore *find_or_new(struct daemon *d, struct ovd_view service)
{
	return chore_find(d, &reaping, service) ?: chore_new(d, &reaping, service);
}

void reap_look(struct daemon *d)
{
	const char *leaver;

	while ((leaver = engine_service_leaver(d->engine))) {
		struct chore *c = find_or_new(d, view(leaver));

		if (!c)
			return;
		c->wait_ms = CHORE_FIRST_MS;
		chore_try(c);
	}
}

void reap_then_answer(struct call *call, struct ovd_view service)
{
	struct daemon *d = call->daemon;
	struct chore *c;

	reap_look(d);
	c = chore_find(d, &reaping, service);
	if (!c || !c->busy) {
		call_ok(call);
		return;
	}
	call->state = c->waiting;
	c->waiting = call;
}

void reap_again(struct daemon *d, struct ovd_view service)
{
	struct chore *c = find_or_new(d, service);

	if (c)
		chore_try_in(c, CHORE_FIRST_MS);
}
