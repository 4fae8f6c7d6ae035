#include <errno.h>
#include <string.h>

#include "schema/overlayd_ops.h"
#include "server/ops/channel.h"
#include "server/ops/daemon.h"
#include "server/ops/slices.h"

/* What most peers have: as much room is on the stack. */
#define FEW_PREFIXES 4

/* The lists of an answer, while they are gathered. */
struct gathering {
	struct slices slices;
	struct call *call;
	struct tunnel_state state; /* of which they are made, if those are many */
	struct ovd_peer_status *peers;
	size_t n, room;
	struct ovd_key last; /* of those that are wanted */
	struct ovd_dedicated_service_status *dedicated;
	size_t n_dedicated;
	bool failed;
};

static struct ovd_view copy_view(struct gathering *g, struct ovd_view text)
{
	char *p = arena_copy(g->call->arena, text.p, text.n);

	g->failed |= !p;
	return (struct ovd_view){ .p = p ? p : "", .n = p ? text.n : 0 };
}

static struct ovd_view copy(struct gathering *g, const char *text)
{
	return copy_view(g, view(text));
}

static struct ovd_view join_prefixes(struct gathering *g, const struct ovd_cidr *list, size_t n)
{
	char few[FEW_PREFIXES * (CIDR_TEXT_MAX + 1)], *end;
	char *text =
		n <= FEW_PREFIXES ? few : arena_alloc(g->call->arena, n * (CIDR_TEXT_MAX + 1) + 1);

	if (!text || n == 0) {
		g->failed |= !text;
		return VIEW_LITERAL("");
	}
	end = text;
	for (size_t i = 0; i < n; i++) {
		if (i > 0)
			*end++ = ',';
		cidr_format(&list[i], end);
		end += strlen(end);
	}
	return text == few ? copy(g, few)
			   : (struct ovd_view){ .p = text, .n = (size_t)(end - text) };
}

/* Others may have come since the list was made. */
static bool has_room(struct gathering *g)
{
	struct ovd_peer_status *more;

	if (g->n < g->room)
		return true;
	more = arena_alloc(g->call->arena, (2 * g->room + 1) * sizeof(*more));
	g->failed |= !more;
	if (!more)
		return false;
	memcpy(more, g->peers, g->n * sizeof(*more));
	g->peers = more;
	g->room = 2 * g->room + 1;
	return true;
}

static void add_peer(struct gathering *g, const struct ovd_key *key, struct ovd_view endpoint,
		     const struct ovd_cidr *allowed, size_t n_allowed, int64_t handshake)
{
	char text[KEY_TEXT_MAX];

	if (!has_room(g))
		return;
	g->peers[g->n++] = (struct ovd_peer_status){
		.public_key = copy(g, key_format(key, text)),
		.endpoint = endpoint,
		.allowed_ips = join_prefixes(g, allowed, n_allowed),
		.last_handshake_unix_secs = handshake,
	};
}

/* What is wanted, while there is no tunnel to ask. */
static void add_wanted(void *arg, const struct peer_view *peer)
{
	struct gathering *g = arg;
	char text[ENDPOINT_TEXT_MAX] = "";

	if (peer->has_endpoint)
		endpoint_format(&peer->endpoint, text);
	add_peer(g, &peer->key, peer->host.p ? copy_view(g, peer->host) : copy(g, text),
		 peer->allowed, peer->n_allowed, 0);
	g->last = peer->key;
}

/* What is. */
static void add_seen(struct gathering *g, const struct tunnel_peer *peer)
{
	char text[ENDPOINT_TEXT_MAX] = "";

	if (peer->has_endpoint)
		endpoint_format(&peer->endpoint, text);
	add_peer(g, &peer->key, copy(g, text), peer->allowed, peer->n_allowed,
		 peer->last_handshake);
}

/* NULL: the call is answered. */
static struct gathering *gathering_new(struct call *call, size_t n)
{
	struct gathering *g = arena_alloc(call->arena, sizeof(*g));
	struct ovd_peer_status *peers = arena_alloc(call->arena, n * sizeof(*peers) + 1);

	if (!g || !peers) {
		call_fail(call, -ENOMEM, "status: no memory");
		return NULL;
	}
	*g = (struct gathering){ .call = call, .peers = peers, .room = n };
	return g;
}

/* By name. */
static void add_dedicated(void *arg, const struct dedicated_view *seen)
{
	struct gathering *g = arg;
	char subnet[CIDR_TEXT_MAX];

	g->dedicated[g->n_dedicated++] = (struct ovd_dedicated_service_status){
		.service = copy_view(g, seen->service),
		.interface = copy(g, seen->link),
		.public_key = copy(g, seen->public_key),
		.listen_port = seen->port,
		.overlay_ip = seen->ip,
		.subnet = copy(g, cidr_format(&seen->subnet, subnet)),
		.peer_count = (uint32_t)seen->n_peers,
	};
}

static int gather_dedicated(struct gathering *g)
{
	const struct engine *e = g->call->daemon->engine;
	size_t n = engine_dedicated_count(e);

	g->dedicated = arena_alloc(g->call->arena, n * sizeof(*g->dedicated) + 1);
	if (!g->dedicated)
		return -ENOMEM;
	engine_each_dedicated(e, add_dedicated, g);
	return 0;
}

static void fill_status(struct gathering *g, struct ovd_status_snapshot *status)
{
	const struct engine *e = g->call->daemon->engine;
	const struct global_view global = engine_global(e);
	char text[CIDR_TEXT_MAX];

	status->public_key = view(engine_public_text(e)); /* it never changes */

	if (global.link[0]) {
		status->interface = copy(g, global.link);
		status->has_node_ip = true;
		status->node_ip = global.node_ip;
	}
	if (global.has_cluster)
		status->overlay_cidr = copy(g, cidr_format(&global.cluster, text));
	if (global.has_slice)
		status->slice_cidr = copy(g, cidr_format(&global.slice, text));
	status->peer_count = (uint32_t)g->n;
	status->service_count = (uint32_t)engine_service_count(e);
	status->peers.items = g->peers;
	status->peers.n = g->n;
	status->dedicated_services.items = g->dedicated;
	status->dedicated_services.n = g->n_dedicated;
}

/* All that may change lies in the arena. */
static int reply_status(struct call *call, struct gathering *g)
{
	struct ovd_response response = { .kind = OVD_RESPONSE_STATUS };
	int r = gather_dedicated(g);

	if (r == 0)
		fill_status(g, &response.status);
	if (r < 0 || g->failed)
		return call_fail(call, -ENOMEM, "status: no memory");
	return g->n > SLICE_ITEMS ? call_reply_large(call, &response) : call_reply(call, &response);
}

static bool wanted_slice(struct slices *s)
{
	struct gathering *g = CONTAINER_OF(s, struct gathering, slices);
	size_t before = g->n;

	engine_some_peers(g->call->daemon->engine, NODES_TUNNEL, before > 0 ? &g->last : NULL,
			  SLICE_ITEMS, add_wanted, g);
	if (g->n == before + SLICE_ITEMS)
		return true;
	reply_status(g->call, g);
	return false;
}

static int reply_wanted(struct call *call)
{
	struct gathering *g = gathering_new(call, engine_peer_count(call->daemon->engine));

	if (!g)
		return 0;
	if (g->room > SLICE_ITEMS && slices_begin(call->daemon, &g->slices, wanted_slice) == 0)
		return call_park(call);
	engine_each_peer(call->daemon->engine, NODES_TUNNEL, add_wanted, g);
	return reply_status(call, g);
}

static void add_some(struct gathering *g, const struct tunnel_state *state, size_t most)
{
	for (size_t i = 0; i < most && g->n < state->n_peers; i++)
		add_seen(g, &state->peers[g->n]);
}

static bool gather_slice(struct slices *s)
{
	struct gathering *g = CONTAINER_OF(s, struct gathering, slices);

	add_some(g, &g->state, SLICE_ITEMS);
	if (g->n < g->state.n_peers)
		return true;
	tunnel_state_done(&g->state);
	reply_status(g->call, g);
	return false;
}

static void dumped(void *arg, int r, const struct tunnel_state *state)
{
	struct call *call = arg;
	struct daemon *d = call->daemon;
	struct gathering *g;

	if (r < 0) {
		log_at(d->log, LOG_WARN, "status: the tunnel does not answer: %s", strerror(-r));
		reply_wanted(call);
		return;
	}
	g = gathering_new(call, state->n_peers);
	if (!g)
		return;
	if (state->n_peers > SLICE_ITEMS && slices_begin(d, &g->slices, gather_slice) == 0) {
		channel_keep(call->state, &g->state);
		return;
	}
	add_some(g, state, state->n_peers);
	reply_status(call, g);
}

int ovd_op_status(struct call *call)
{
	struct channel_wait *wait = arena_alloc(call->arena, sizeof(*wait));

	if (!wait)
		return call_fail(call, -ENOMEM, "status: no memory");
	call->state = wait;
	if (channel_get(call->daemon, NODES_TUNNEL, wait, dumped, call) < 0)
		return reply_wanted(call);
	return call_park(call);
}
