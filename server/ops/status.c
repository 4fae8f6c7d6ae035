#include <errno.h>
#include <string.h>

#include "schema/overlayd_ops.h"
#include "server/ops/channel.h"
#include "server/ops/daemon.h"

/* The lists of an answer, while they are gathered. */
struct gathering {
	struct call *call;
	struct ovd_peer_status *peers;
	size_t n;
	struct ovd_dedicated_service_status *dedicated;
	size_t n_dedicated;
	bool failed;
};

static struct ovd_view copy(struct gathering *g, const char *text)
{
	size_t n = strlen(text);
	char *p = arena_copy(g->call->arena, text, n);

	g->failed |= !p;
	return (struct ovd_view){ .p = p ? p : "", .n = p ? n : 0 };
}

static struct ovd_view join_prefixes(struct gathering *g, const struct ovd_cidr *list, size_t n)
{
	char *text = arena_alloc(g->call->arena, n * (CIDR_TEXT_MAX + 1) + 1), *end = text;

	if (!text) {
		g->failed = true;
		return VIEW_LITERAL("");
	}
	for (size_t i = 0; i < n; i++) {
		if (i > 0)
			*end++ = ',';
		cidr_format(&list[i], end);
		end += strlen(end);
	}
	return (struct ovd_view){ .p = text, .n = (size_t)(end - text) };
}

static void add_peer(struct gathering *g, const struct ovd_key *key, struct ovd_view endpoint,
		     const struct ovd_cidr *allowed, size_t n_allowed, int64_t handshake)
{
	char text[KEY_TEXT_MAX];

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
	add_peer(g, &peer->key, peer->host.p ? peer->host : copy(g, text), peer->allowed,
		 peer->n_allowed, 0);
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

static bool gathering_begin(struct gathering *g, struct call *call, size_t n)
{
	*g = (struct gathering){ .call = call,
				 .peers = arena_alloc(call->arena, n * sizeof(*g->peers) + 1) };
	return g->peers;
}

/* By name. */
static void add_dedicated(void *arg, const struct dedicated_view *seen)
{
	struct gathering *g = arg;
	char subnet[CIDR_TEXT_MAX];

	g->dedicated[g->n_dedicated++] = (struct ovd_dedicated_service_status){
		.service = seen->service,
		.interface = view(seen->link),
		.public_key = view(seen->public_key),
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

static int reply_status(struct call *call, struct gathering *g)
{
	struct engine *e = call->daemon->engine;
	struct global_view global = engine_global(e);
	struct ovd_response response = { .kind = OVD_RESPONSE_STATUS };
	struct ovd_status_snapshot *status = &response.status;
	char cluster[CIDR_TEXT_MAX], slice[CIDR_TEXT_MAX];

	if (gather_dedicated(g) < 0 || g->failed)
		return call_fail(call, -ENOMEM, "status: no memory");
	status->public_key = view(engine_public_text(e));
	if (global.link[0]) {
		status->interface = view(global.link);
		status->has_node_ip = true;
		status->node_ip = global.node_ip;
	}
	if (global.has_cluster)
		status->overlay_cidr = view(cidr_format(&global.cluster, cluster));
	if (global.has_slice)
		status->slice_cidr = view(cidr_format(&global.slice, slice));
	status->peer_count = (uint32_t)g->n;
	status->service_count = (uint32_t)engine_service_count(e);
	status->peers.items = g->peers;
	status->peers.n = g->n;
	status->dedicated_services.items = g->dedicated;
	status->dedicated_services.n = g->n_dedicated;
	return call_reply(call, &response);
}

static int reply_wanted(struct call *call)
{
	struct engine *e = call->daemon->engine;
	struct gathering g;

	if (!gathering_begin(&g, call, engine_peer_count(e)))
		return call_fail(call, -ENOMEM, "status: no memory");
	engine_each_peer(e, NODES_TUNNEL, add_wanted, &g);
	return reply_status(call, &g);
}

static void dumped(void *arg, int r, const struct tunnel_state *state)
{
	struct call *call = arg;
	struct gathering g;

	if (r < 0) {
		log_at(call->daemon->log, LOG_WARN, "status: the tunnel does not answer: %s",
		       strerror(-r));
		reply_wanted(call);
		return;
	}
	if (!gathering_begin(&g, call, state->n_peers)) {
		call_fail(call, -ENOMEM, "status: no memory");
		return;
	}
	for (size_t i = 0; i < state->n_peers; i++)
		add_seen(&g, &state->peers[i]);
	reply_status(call, &g);
}

int ovd_op_status(struct call *call)
{
	struct channel_wait *wait = arena_alloc(call->arena, sizeof(*wait));

	if (!wait)
		return call_fail(call, -ENOMEM, "status: no memory");
	if (channel_get(call->daemon, NODES_TUNNEL, wait, dumped, call) < 0)
		return reply_wanted(call);
	return call_park(call);
}
