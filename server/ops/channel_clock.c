#include "server/ops/channel_clock.h"

#include <errno.h>
#include <stdlib.h>

struct channel_clock {
	struct channel *channel;
	uv_timer_t timer; /* runs while something is outstanding */
	size_t n_waiting;
	bool late; /* what was asked last was given up, and its answer is awaited still */
	struct channel_wait wait; /* of our own question */
	struct intent *intent;    /* of that: peers in doubt; or NULL */
};

struct channel_clock *clock_new(struct channel *c)
{
	struct channel_clock *clock = calloc(1, sizeof(*clock));

	if (!clock)
		return NULL;
	clock->channel = c;
	uv_timer_init(c->daemon->loop, &clock->timer);
	clock->timer.data = clock;
	return clock;
}

static void timer_closed(uv_handle_t *timer)
{
	free(timer->data);
}

void clock_free(struct channel_clock *clock)
{
	uv_close((uv_handle_t *)&clock->timer, timer_closed);
}

/* ---- peers in doubt ---- */

static void doubts_told(void *arg, int r, const struct tunnel_state *state _unused_)
{
	struct channel_clock *clock = arg;
	struct engine *e = clock->channel->daemon->engine;

	if (r == 0)
		engine_commit(e, clock->intent);
	else
		engine_drop(e, clock->intent);
	clock->intent = NULL;
}

static bool tell_doubts(struct channel *c, tunnel_done_fn *done)
{
	struct engine *e = c->daemon->engine;
	struct channel_clock *clock = c->clock;
	struct tunnel_change change;

	if (engine_peers_doubted(e, service_tunnel(c->service), &change, &clock->intent) < 0)
		return false;
	clock->wait.done = done;
	clock->wait.arg = clock;
	if (clock_ask(c, &change, &clock->wait) == 0)
		return true;
	engine_drop(e, clock->intent);
	clock->intent = NULL;
	return false;
}

void clock_tell_doubts(struct channel *c)
{
	tell_doubts(c, doubts_told);
}

/* ---- time ---- */

/* What was given up is done, or was not. */
static void heard_again(void *arg, int r, const struct tunnel_state *state)
{
	struct channel_clock *clock = arg;

	clock->late = false;
	doubts_told(arg, r, state);
	if (r == 0)
		tell_doubts(clock->channel, doubts_told); /* that have come up meanwhile */
}

/* The channel stays: what is asked by another one the device may do before what it was asked by
 * this one. Of what comes next by this one it is known that the rest is done. */
static void give_up(struct channel *c)
{
	struct channel_clock *clock = c->clock;

	log_at(c->daemon->log, LOG_WARN, "tunnel %s: no answer for %d s", channel_link(c),
	       CHANNEL_SECONDS);
	clock->late = true;
	c->tunnel->ops->abandon(c->tunnel);
	if (c->clock != clock || tell_doubts(c, heard_again))
		return;
	clock->wait.done = heard_again;
	clock->wait.arg = clock;
	if (clock_ask(c, NULL, &clock->wait) < 0)
		channel_end(c);
}

static void too_late(uv_timer_t *timer)
{
	const struct channel_clock *clock = timer->data;
	struct channel *c = clock->channel;

	if (clock->late)
		channel_end(c);
	else
		give_up(c);
	c->daemon->channel_changed(c);
}

static void restart(struct channel_clock *clock)
{
	uv_timer_start(&clock->timer, too_late, CHANNEL_SECONDS * 1000, 0);
}

void clock_heard_elsewhere(struct channel_clock *clock)
{
	if (clock->late)
		restart(clock);
}

void clock_heard(struct channel_clock *clock)
{
	if (clock->late)
		return;
	if (clock->n_waiting > 0)
		restart(clock);
	else
		uv_timer_stop(&clock->timer);
}

/* ---- questions ---- */

static void answered(void *arg, int r, const struct tunnel_state *state)
{
	const struct channel_wait *wait = arg;
	struct channel_clock *clock = wait->clock;

	clock->n_waiting--;
	wait->done(wait->arg, clock->late && r == -ECANCELED ? -ETIMEDOUT : r, state);
}

int clock_ask(struct channel *c, const struct tunnel_change *change, struct channel_wait *wait)
{
	struct channel_clock *clock = c->clock;
	int r;

	if (!c->tunnel)
		return -ENOTCONN;
	if (clock->late && wait != &clock->wait)
		return -ETIMEDOUT;
	wait->clock = clock;
	r = change ? c->tunnel->ops->set(c->tunnel, change, answered, wait)
		   : c->tunnel->ops->get(c->tunnel, answered, wait);
	if (r == 0 && clock->n_waiting++ == 0 && !clock->late)
		restart(clock);
	return r;
}

void channel_keep(const struct channel_wait *wait, struct tunnel_state *ret)
{
	struct tunnel *tunnel = wait->clock->channel->tunnel;

	tunnel->ops->keep(tunnel, ret);
}
