#include "server/ops/channel.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Of one channel, as long as it is open. */
struct channel_clock {
	struct channel *channel;
	uv_timer_t timer; /* runs while something is outstanding */
	size_t n_waiting;
	bool late; /* what was asked last was given up, and its answer is awaited still */
	struct channel_wait wait; /* of our own question */
	struct intent *intent;    /* of that: peers in doubt; or NULL */
};

static int begin(struct channel *c, const struct tunnel_change *change, struct channel_wait *wait);

/* ---- whose ---- */

static const char *link_of(const struct channel *c)
{
	return engine_tunnel_link(c->daemon->engine, service_tunnel(c->service));
}

static struct channel *find(const struct daemon *d, struct ovd_view service)
{
	struct channel *c = d->channels;

	while (c && !view_eq(service_tunnel(c->service), service))
		c = c->next;
	return c;
}

static struct channel *channel_new(struct daemon *d, struct ovd_view service)
{
	struct channel *c = calloc(1, sizeof(*c));

	if (!c)
		return NULL;
	tunnel_name(service, c->service);
	c->daemon = d;
	uv_timer_init(d->loop, &c->end);
	c->end.data = c;
	c->next = d->channels;
	d->channels = c;
	return c;
}

static void free_data(uv_handle_t *timer)
{
	free(timer->data);
}

/* ---- open, closed ---- */

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
	if (begin(c, &change, &clock->wait) == 0)
		return true;
	engine_drop(e, clock->intent);
	clock->intent = NULL;
	return false;
}

static int channel_open(struct channel *c)
{
	const struct net *net = c->daemon->net;
	struct channel_clock *clock = calloc(1, sizeof(*clock));
	int r = clock ? net->tunnel_open(net->platform, link_of(c), &c->tunnel) : -ENOMEM;

	if (r < 0) {
		free(clock);
		return r;
	}
	clock->channel = c;
	uv_timer_init(c->daemon->loop, &clock->timer);
	clock->timer.data = clock;
	c->clock = clock;
	tell_doubts(c, doubts_told);
	c->daemon->channel_changed(c);
	return 0;
}

static void channel_end(struct channel *c)
{
	struct tunnel *tunnel = c->tunnel;
	struct channel_clock *clock = c->clock;

	if (!tunnel)
		return;
	c->tunnel = NULL;
	c->clock = NULL;
	c->daemon->channel_changed(c);
	tunnel->ops->close(tunnel);
	uv_close((uv_handle_t *)&clock->timer, free_data);
}

static void wait_for_late(struct channel_clock *clock);

int channel_follow(struct daemon *d, struct ovd_view service)
{
	struct channel *c;

	if (!engine_tunnel_link(d->engine, service)[0]) {
		channel_close(d, service);
		return 0;
	}
	c = find(d, service) ?: channel_new(d, service);
	if (!c)
		return -ENOMEM;
	c->wanted = true;
	if (c->tunnel && c->clock->late)
		wait_for_late(c->clock);
	return c->tunnel ? 0 : channel_open(c);
}

/* Who is just using it finds it closed: its memory goes with the loop's next turn. */
static void give_back(struct channel *c)
{
	struct channel **at = &c->daemon->channels;

	while (*at != c)
		at = &(*at)->next;
	*at = c->next;
	c->wanted = false;
	channel_end(c);
	uv_close((uv_handle_t *)&c->end, free_data);
}

void channel_close(struct daemon *d, struct ovd_view service)
{
	struct channel *c = find(d, service);

	if (c)
		give_back(c);
}

void channels_close(struct daemon *d)
{
	while (d->channels)
		give_back(d->channels);
}

void channels_close_for(struct daemon *d, struct plan *plan)
{
	for (size_t i = 0; i < plan->n; i++) {
		const struct step *step = plan_at(plan, i);
		struct channel *c = step->kind == STEP_TUNNEL_DELETE ? d->channels : NULL;

		while (c && strcmp(link_of(c), step->tunnel_delete.link) != 0)
			c = c->next;
		if (c)
			give_back(c);
	}
}

bool channel_is_wanted(const struct daemon *d, struct ovd_view service)
{
	return find(d, service);
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

	log_at(c->daemon->log, LOG_WARN, "tunnel %s: no answer for %d s", link_of(c),
	       CHANNEL_SECONDS);
	clock->late = true;
	c->tunnel->ops->abandon(c->tunnel);
	if (c->clock != clock || tell_doubts(c, heard_again))
		return;
	clock->wait.done = heard_again;
	clock->wait.arg = clock;
	if (begin(c, NULL, &clock->wait) < 0)
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

/* The device was just heard by others: it answers soon, or has lost what it was asked. */
static void wait_for_late(struct channel_clock *clock)
{
	uv_timer_start(&clock->timer, too_late, CHANNEL_SECONDS * 1000, 0);
}

static void clock_restart(struct channel_clock *clock)
{
	if (clock->late)
		return;
	if (clock->n_waiting > 0)
		uv_timer_start(&clock->timer, too_late, CHANNEL_SECONDS * 1000, 0);
	else
		uv_timer_stop(&clock->timer);
}

static void answered(void *arg, int r, const struct tunnel_state *state)
{
	const struct channel_wait *wait = arg;
	struct channel_clock *clock = wait->clock;

	clock->n_waiting--;
	wait->done(wait->arg, clock->late && r == -ECANCELED ? -ETIMEDOUT : r, state);
}

void channel_ready(struct channel *c)
{
	struct daemon *d = c->daemon;

	if (!c->tunnel)
		return;
	c->tunnel->ops->ready(c->tunnel);
	if (c->tunnel && c->tunnel->ops->events(c->tunnel) == 0) {
		log_at(d->log, LOG_WARN, "tunnel %s: the other side of its channel is gone",
		       link_of(c));
		channel_end(c);
		if (c->wanted && d->tunnel_lost)
			d->tunnel_lost(d, service_tunnel(c->service));
		return;
	}
	if (c->tunnel)
		clock_restart(c->clock);
	d->channel_changed(c);
}

/* ---- questions ---- */

bool channel_is_unsure(int r)
{
	return r == -ETIMEDOUT || r == -EPIPE || r == -ECANCELED;
}

/* A get if there is no change. */
static int begin(struct channel *c, const struct tunnel_change *change, struct channel_wait *wait)
{
	int r;

	if (!c->tunnel)
		return -ENOTCONN;
	if (c->clock->late && wait != &c->clock->wait)
		return -ETIMEDOUT;
	wait->clock = c->clock;
	r = change ? c->tunnel->ops->set(c->tunnel, change, answered, wait)
		   : c->tunnel->ops->get(c->tunnel, answered, wait);
	if (r == 0 && c->clock->n_waiting++ == 0)
		clock_restart(c->clock);
	return r;
}

/* The other side may have gone since; a new channel finds out whether somebody else has taken its
 * place. */
static int ask(struct channel *c, const struct tunnel_change *change, struct channel_wait *wait)
{
	struct daemon *d = c->daemon;
	int r = begin(c, change, wait);

	if (r == -EPIPE)
		channel_end(c);
	if (!c->tunnel && c->wanted) {
		int opened = channel_open(c);

		r = opened < 0 ? opened : begin(c, change, wait);
		if (opened < 0 && d->tunnel_lost)
			d->tunnel_lost(d, service_tunnel(c->service));
	}
	d->channel_changed(c);
	return r;
}

int channel_set(struct daemon *d, struct ovd_view service, const struct tunnel_change *change,
		struct channel_wait *wait, tunnel_done_fn *done, void *arg)
{
	struct channel *c = find(d, service);

	wait->done = done;
	wait->arg = arg;
	return c ? ask(c, change, wait) : -ENOTCONN;
}

int channel_get(struct daemon *d, struct ovd_view service, struct channel_wait *wait,
		tunnel_done_fn *done, void *arg)
{
	return channel_set(d, service, NULL, wait, done, arg);
}

void channel_keep(const struct channel_wait *wait, struct tunnel_state *ret)
{
	struct tunnel *tunnel = wait->clock->channel->tunnel;

	tunnel->ops->keep(tunnel, ret);
}
