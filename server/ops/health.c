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

struct health {
	struct daemon *daemon; /* NULL once it has ended: it goes when nothing is on its way */
	uv_timer_t timer;
	struct channel_wait wait;
	bool asking;              /* wait is on its way */
	bool looked;              /* once, at least */
	bool closed;              /* the timer */
	struct keys healthy, now; /* both have room for as many as were seen at most */
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
static void tell_changes(struct health *h)
{
	const struct keys *before = &h->healthy, *now = &h->now;
	size_t i = 0, k = 0;

	while (i < before->n || k < now->n) {
		int order = i == before->n ? 1
			    : k == now->n  ? -1
					   : compare_keys(&before->items[i], &now->items[k]);

		if (order < 0)
			tell_health(h, &before->items[i], false);
		else if (order > 0)
			tell_health(h, &now->items[k], true);
		i += order <= 0;
		k += order >= 0;
	}
}

static void take(struct health *h, const struct tunnel_state *state)
{
	struct keys before;

	if (reserve(&h->now, state->n_peers) < 0 || reserve(&h->healthy, state->n_peers) < 0)
		return;
	find_healthy(state, &h->now);
	if (h->looked)
		tell_changes(h);
	h->looked = true;
	before = h->healthy;
	h->healthy = h->now;
	h->now = before;
}

static void free_if_done(struct health *h)
{
	if (!h->closed || h->asking)
		return;
	free(h->healthy.items);
	free(h->now.items);
	free(h);
}

/* A tunnel that didn't answer says nothing of its peers. */
static void looked(void *arg, int r, const struct tunnel_state *state)
{
	struct health *h = arg;

	h->asking = false;
	if (h->daemon && r == 0)
		take(h, state);
	free_if_done(h);
}

static void look(struct health *h)
{
	static const struct tunnel_state no_tunnel = { .n_peers = 0 };

	if (h->asking)
		return;
	h->asking = channel_get(h->daemon, &h->wait, looked, h) == 0;
	if (!h->asking && !h->daemon->wants_tunnel)
		take(h, &no_tunnel);
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
