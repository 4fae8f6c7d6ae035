#include "server/ops/health.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "server/ipc/server.h"
#include "server/ops/channel.h"

/* Keys in their order. */
struct keys {
	struct ovd_key *items;
	size_t n, room;
};

/* Of one tunnel. */
struct side {
	struct side *next;
	struct health *health;
	struct channel_wait wait;
	bool asking;              /* wait is on its way */
	bool looked;              /* once, at least */
	struct keys healthy, now; /* both have room for as many as were seen at most */
	char service[SERVICE_TEXT_MAX];
};

struct health {
	struct daemon *daemon; /* NULL once it has ended: it goes when nothing is on its way */
	uv_timer_t timer;
	struct side *sides;
	bool looked; /* a tunnel that comes later had no healthy peer before */
	bool closed; /* the timer */
};

static int compare_keys(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct ovd_key));
}

static bool is_healthy(const struct tunnel_peer *peer, int64_t now)
{
	return peer->last_handshake > 0 && now - peer->last_handshake < HEALTH_AGE_SECONDS;
}

static int reserve(struct keys *keys, size_t n)
{
	struct ovd_key *items = keys->items;

	if (items && n <= keys->room)
		return 0;
	items = realloc(items, (n + 1) * sizeof(*items));
	if (!items)
		return -ENOMEM;
	keys->items = items;
	keys->room = n;
	return 0;
}

static void find_healthy(const struct tunnel_state *state, struct keys *keys)
{
	int64_t now = time(NULL);

	keys->n = 0;
	for (size_t i = 0; i < state->n_peers; i++)
		if (is_healthy(&state->peers[i], now))
			keys->items[keys->n++] = state->peers[i].key;
	qsort(keys->items, keys->n, sizeof(*keys->items), compare_keys);
}

static void tell_health(struct health *h, const struct ovd_key *key, bool healthy)
{
	char text[KEY_TEXT_MAX];
	const struct ovd_event event = {
		.kind = OVD_EVENT_PEER_HEALTH_CHANGED,
		.peer_health_changed = { .pubkey = view(key_format(key, text)),
					 .healthy = healthy },
	};

	server_tell(h->daemon->server, &event);
}

/* Both are in order: what stands in one alone has changed. */
static void tell_changes(const struct side *side)
{
	const struct keys *before = &side->healthy, *now = &side->now;
	size_t i = 0, k = 0;

	while (i < before->n || k < now->n) {
		int order = i == before->n ? 1
			    : k == now->n  ? -1
					   : compare_keys(&before->items[i], &now->items[k]);

		if (order < 0)
			tell_health(side->health, &before->items[i], false);
		else if (order > 0)
			tell_health(side->health, &now->items[k], true);
		i += order <= 0;
		k += order >= 0;
	}
}

static void take(struct side *side, const struct tunnel_state *state)
{
	struct keys before;

	if (reserve(&side->now, state->n_peers) < 0 || reserve(&side->healthy, state->n_peers) < 0)
		return;
	find_healthy(state, &side->now);
	if (side->looked)
		tell_changes(side);
	side->looked = true;
	before = side->healthy;
	side->healthy = side->now;
	side->now = before;
}

/* ---- tunnels ---- */

static void side_free(struct side *side)
{
	free(side->healthy.items);
	free(side->now.items);
	free(side);
}

static void free_if_done(struct health *h)
{
	struct side *side = h->sides;

	while (side && !side->asking)
		side = side->next;
	if (!h->closed || side)
		return;
	while ((side = h->sides)) {
		h->sides = side->next;
		side_free(side);
	}
	free(h);
}

static void side_add(struct health *h, struct ovd_view service)
{
	struct side *side = h->sides;

	while (side && !view_eq(service_tunnel(side->service), service))
		side = side->next;
	if (side || !(side = calloc(1, sizeof(*side))))
		return;
	side->health = h;
	side->looked = h->looked;
	tunnel_name(service, side->service);
	side->next = h->sides;
	h->sides = side;
}

static void add_dedicated(void *arg, const struct dedicated_view *dedicated)
{
	side_add(arg, dedicated->service);
}

/* A tunnel that didn't answer says nothing of its peers. */
static void looked(void *arg, int r, const struct tunnel_state *state)
{
	struct side *side = arg;
	struct health *h = side->health;

	side->asking = false;
	if (h->daemon && r == 0)
		take(side, state);
	free_if_done(h);
}

static void look_at(struct side *side)
{
	static const struct tunnel_state no_tunnel = { .n_peers = 0 };
	const struct ovd_view service = service_tunnel(side->service);
	struct daemon *d = side->health->daemon;

	if (side->asking)
		return;
	side->asking = channel_get(d, service, &side->wait, looked, side) == 0;
	if (!side->asking && !channel_is_wanted(d, service))
		take(side, &no_tunnel);
}

static void drop_gone(struct health *h)
{
	struct side **at = &h->sides;
	struct dedicated_view seen;

	while (*at) {
		struct side *side = *at;

		if (side->asking || !side->service[0] ||
		    engine_dedicated(h->daemon->engine, view(side->service), &seen)) {
			at = &side->next;
			continue;
		}
		*at = side->next;
		side_free(side);
	}
}

static void look(struct health *h)
{
	side_add(h, NODES_TUNNEL);
	engine_each_dedicated(h->daemon->engine, add_dedicated, h);
	for (struct side *side = h->sides; side; side = side->next)
		look_at(side);
	drop_gone(h);
	h->looked = true;
}

static void on_timer(uv_timer_t *timer)
{
	struct health *h = timer->data;

	if (server_listeners(h->daemon->server) == 0)
		health_end(h->daemon);
	else
		look(h);
}

void health_begin(struct daemon *d)
{
	struct health *h;

	if (d->health)
		return;
	h = calloc(1, sizeof(*h));
	if (!h)
		return;
	h->daemon = d;
	uv_timer_init(d->loop, &h->timer);
	h->timer.data = h;
	uv_timer_start(&h->timer, on_timer, HEALTH_SECONDS * 1000, HEALTH_SECONDS * 1000);
	d->health = h;
	look(h);
}

static void timer_closed(uv_handle_t *timer)
{
	struct health *h = timer->data;

	h->closed = true;
	free_if_done(h);
}

void health_end(struct daemon *d)
{
	struct health *h = d->health;

	if (!h)
		return;
	d->health = NULL;
	h->daemon = NULL;
	uv_close((uv_handle_t *)&h->timer, timer_closed);
}
