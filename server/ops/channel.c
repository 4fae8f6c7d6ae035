#include "server/ops/channel.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "server/ops/channel_clock.h"

/* ---- whose ---- */

const char *channel_link(const struct channel *c)
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

static int channel_open(struct channel *c)
{
	const struct net *net = c->daemon->net;
	struct channel_clock *clock = clock_new(c);
	int r = clock ? net->tunnel_open(net->platform, channel_link(c), &c->tunnel) : -ENOMEM;

	if (r < 0) {
		if (clock)
			clock_free(clock);
		return r;
	}
	c->clock = clock;
	clock_tell_doubts(c);
	c->daemon->channel_changed(c);
	return 0;
}

void channel_end(struct channel *c)
{
	struct tunnel *tunnel = c->tunnel;
	struct channel_clock *clock = c->clock;

	if (!tunnel)
		return;
	c->tunnel = NULL;
	c->clock = NULL;
	c->daemon->channel_changed(c);
	tunnel->ops->close(tunnel);
	clock_free(clock);
}

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
	if (!c->tunnel)
		return channel_open(c);
	clock_heard_elsewhere(c->clock);
	return 0;
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

		while (c && strcmp(channel_link(c), step->tunnel_delete.link) != 0)
			c = c->next;
		if (c)
			give_back(c);
	}
}

bool channel_is_wanted(const struct daemon *d, struct ovd_view service)
{
	return find(d, service);
}

void channel_ready(struct channel *c)
{
	struct daemon *d = c->daemon;

	if (!c->tunnel)
		return;
	c->tunnel->ops->ready(c->tunnel);
	if (c->tunnel && c->tunnel->ops->events(c->tunnel) == 0) {
		log_at(d->log, LOG_WARN, "tunnel %s: the other side of its channel is gone",
		       channel_link(c));
		channel_end(c);
		if (c->wanted && d->tunnel_lost)
			d->tunnel_lost(d, service_tunnel(c->service));
		return;
	}
	if (c->tunnel)
		clock_heard(c->clock);
	d->channel_changed(c);
}

/* ---- questions ---- */

bool channel_is_unsure(int r)
{
	return r == -ETIMEDOUT || r == -EPIPE || r == -ECANCELED;
}

/* The other side may have gone since; a new channel finds out whether somebody else has taken its
 * place. */
static int ask(struct channel *c, const struct tunnel_change *change, struct channel_wait *wait)
{
	struct daemon *d = c->daemon;
	int r = clock_ask(c, change, wait);

	if (r == -EPIPE)
		channel_end(c);
	if (!c->tunnel && c->wanted) {
		int opened = channel_open(c);

		r = opened < 0 ? opened : clock_ask(c, change, wait);
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
