#include "server/ops/channel.h"

#include <errno.h>
#include <stdlib.h>

/* Of one channel, as long as it is open. */
struct channel_clock {
	struct daemon *daemon;
	uv_timer_t timer; /* runs while something is outstanding */
	size_t n_waiting;
	bool late; /* what was asked last was given up, and its answer is awaited still */
	struct channel_wait wait; /* of our own question */
	struct intent *intent;    /* of that: peers in doubt; or NULL */
};

static int begin(struct daemon *d, const struct tunnel_change *change, struct channel_wait *wait);

/* ---- open, closed ---- */

static void clock_free(uv_handle_t *timer)
{
	free(timer->data);
}

static void doubts_told(void *arg, int r, const struct tunnel_state *state _unused_)
{
	struct channel_clock *clock = arg;
	struct daemon *d = clock->daemon;

	if (r == 0)
		engine_commit(d->engine, clock->intent);
	else
		engine_drop(d->engine, clock->intent);
	clock->intent = NULL;
}

static bool tell_doubts(struct daemon *d, tunnel_done_fn *done)
{
	struct channel_clock *clock = d->clock;
	struct tunnel_change change;

	if (engine_peers_doubted(d->engine, NODES_TUNNEL, &change, &clock->intent) < 0)
		return false;
	clock->wait.done = done;
	clock->wait.arg = clock;
	if (begin(d, &change, &clock->wait) == 0)
		return true;
	engine_drop(d->engine, clock->intent);
	clock->intent = NULL;
	return false;
}

static int channel_open(struct daemon *d)
{
	struct channel_clock *clock = calloc(1, sizeof(*clock));
	int r = clock ? d->net->tunnel_open(d->net->platform, engine_global(d->engine).link,
					    &d->tunnel)
		      : -ENOMEM;

	if (r < 0) {
		free(clock);
		return r;
	}
	clock->daemon = d;
	uv_timer_init(d->loop, &clock->timer);
	clock->timer.data = clock;
	d->clock = clock;
	tell_doubts(d, doubts_told);
	d->tunnel_changed(d);
	return 0;
}

static void channel_end(struct daemon *d)
{
	struct tunnel *tunnel = d->tunnel;
	struct channel_clock *clock = d->clock;

	if (!tunnel)
		return;
	d->tunnel = NULL;
	d->clock = NULL;
	d->tunnel_changed(d);
	tunnel->ops->close(tunnel);
	uv_close((uv_handle_t *)&clock->timer, clock_free);
}

static void wait_for_late(struct channel_clock *clock);

int channel_follow(struct daemon *d)
{
	if (!engine_global(d->engine).link[0]) {
		channel_close(d);
		return 0;
	}
	d->wants_tunnel = true;
	if (d->tunnel && d->clock->late)
		wait_for_late(d->clock);
	return d->tunnel ? 0 : channel_open(d);
}

void channel_close(struct daemon *d)
{
	d->wants_tunnel = false;
	channel_end(d);
}

/* ---- time ---- */

/* What was given up is done, or was not. */
static void heard_again(void *arg, int r, const struct tunnel_state *state)
{
	struct channel_clock *clock = arg;

	clock->late = false;
	doubts_told(arg, r, state);
	if (r == 0)
		tell_doubts(clock->daemon, doubts_told); /* that have come up meanwhile */
}

/* The channel stays: what is asked by another one the device may do before what it was asked by
 * this one. Of what comes next by this one it is known that the rest is done. */
static void give_up(struct daemon *d)
{
	struct channel_clock *clock = d->clock;

	log_at(d->log, LOG_WARN, "tunnel %s: no answer for %d s", engine_global(d->engine).link,
	       CHANNEL_SECONDS);
	clock->late = true;
	d->tunnel->ops->abandon(d->tunnel);
	if (d->clock != clock || tell_doubts(d, heard_again))
		return;
	clock->wait.done = heard_again;
	clock->wait.arg = clock;
	if (begin(d, NULL, &clock->wait) < 0)
		channel_end(d);
}

static void too_late(uv_timer_t *timer)
{
	const struct channel_clock *clock = timer->data;
	struct daemon *d = clock->daemon;

	if (clock->late)
		channel_end(d);
	else
		give_up(d);
	d->tunnel_changed(d);
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

void channel_ready(struct daemon *d)
{
	if (!d->tunnel)
		return;
	d->tunnel->ops->ready(d->tunnel);
	if (d->tunnel && d->tunnel->ops->events(d->tunnel) == 0) {
		log_at(d->log, LOG_WARN, "tunnel %s: the other side of its channel is gone",
		       engine_global(d->engine).link);
		channel_end(d);
		if (d->wants_tunnel && d->tunnel_lost)
			d->tunnel_lost(d);
		return;
	}
	if (d->tunnel)
		clock_restart(d->clock);
	d->tunnel_changed(d);
}

/* ---- questions ---- */

bool channel_is_unsure(int r)
{
	return r == -ETIMEDOUT || r == -EPIPE || r == -ECANCELED;
}

/* A get if there is no change. */
static int begin(struct daemon *d, const struct tunnel_change *change, struct channel_wait *wait)
{
	int r;

	if (!d->tunnel)
		return -ENOTCONN;
	if (d->clock->late && wait != &d->clock->wait)
		return -ETIMEDOUT;
	wait->clock = d->clock;
	r = change ? d->tunnel->ops->set(d->tunnel, change, answered, wait)
		   : d->tunnel->ops->get(d->tunnel, answered, wait);
	if (r == 0 && d->clock->n_waiting++ == 0)
		clock_restart(d->clock);
	return r;
}

/* The other side may have gone since; a new channel finds out whether somebody else has taken its
 * place. */
static int ask(struct daemon *d, const struct tunnel_change *change, struct channel_wait *wait)
{
	int r = begin(d, change, wait);

	if (r == -EPIPE)
		channel_end(d);
	if (!d->tunnel && d->wants_tunnel) {
		int opened = channel_open(d);

		r = opened < 0 ? opened : begin(d, change, wait);
		if (opened < 0 && d->tunnel_lost)
			d->tunnel_lost(d);
	}
	d->tunnel_changed(d);
	return r;
}

int channel_set(struct daemon *d, const struct tunnel_change *change, struct channel_wait *wait,
		tunnel_done_fn *done, void *arg)
{
	wait->done = done;
	wait->arg = arg;
	return ask(d, change, wait);
}

int channel_get(struct daemon *d, struct channel_wait *wait, tunnel_done_fn *done, void *arg)
{
	wait->done = done;
	wait->arg = arg;
	return ask(d, NULL, wait);
}
