#include "server/ops/heal.h"

#include "server/engine/start.h"
#include "server/ops/channel.h"
#include "server/ops/chore.h"

static int ask(struct chore *c)
{
	return engine_tunnel_again(c->daemon->engine, service_tunnel(c->service), &c->plan,
				   &c->intent);
}

static bool ended(struct chore *c, int r)
{
	struct daemon *d = c->daemon;
	struct ovd_view service = service_tunnel(c->service);

	if (r == 0)
		log_at(d->log, LOG_INFO, "tunnel %s is there again",
		       engine_tunnel_link(d->engine, service));
	else if (c->wait_ms > CHORE_FIRST_MS)
		log_at(d->log, LOG_WARN, "a tunnel can't be made again yet: %s", c->plan.detail);
	return r == 0 && channel_follow(d, service) == 0;
}

static const struct chore_kind healing = { .ask = ask, .ended = ended };

void heal_begin(struct daemon *d, struct ovd_view service)
{
	struct chore *c;

	if (chore_find(d, &healing, service))
		return;
	c = chore_new(d, &healing, service);
	if (c)
		chore_try_in(c, 0);
}
