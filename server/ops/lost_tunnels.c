#include "server/ops/lost_tunnels.h"

#include <errno.h>
#include <string.h>

#include "server/engine/start.h"
#include "server/net/plan_run.h"
#include "server/store/identity.h"
#include "server/store/store.h"

static int failed(struct daemon *d, const struct state_record *record, int r)
{
	log_at(d->log, LOG_WARN, "start: a %s can't be read back from the kernel: %s",
	       state_record_kind_name(record->kind),
	       r == -EBADMSG ? engine_reason(d->engine) : strerror(-r));
	return r;
}

int lost_remember(struct daemon *d, const struct state_record *record)
{
	int r = engine_restore(d->engine, record);

	if (r < 0)
		return failed(d, record, r);
	r = store_put(d->net->store, record);
	if (r < 0)
		failed(d, record, r);
	return 0;
}

static int read_tunnel(struct daemon *d, const char *link,
		       void (*each)(void *arg, const struct tunnel_state *state), void *arg)
{
	int r = d->net->read_tunnel(d->net->platform, link, each, arg);

	if (r < 0)
		log_at(d->log, LOG_WARN, "start: tunnel %s can't be read: %s", link, strerror(-r));
	return r;
}

/* ---- peers ---- */

struct peers {
	struct daemon *d;
	struct ovd_view service;
	struct store_batch batch;
	unsigned n_held;
};

static bool is_guest(struct engine *e, const struct tunnel_peer *peer)
{
	return peer->n_allowed == 1 && peer->allowed->prefix_len == ip_bits(&peer->allowed->ip) &&
	       engine_is_our_address(e, &peer->allowed->ip);
}

static void take_peer(struct peers *peers, const struct tunnel_peer *peer)
{
	struct state_prefix allowed[PEER_ALLOWED_MAX];
	char key[KEY_TEXT_MAX], endpoint[ENDPOINT_TEXT_MAX];
	struct state_record record = {
		.kind = STATE_RECORD_PEER,
		.peer = { .key = view(key_format(&peer->key, key)),
			  .service = peers->service,
			  .keepalive = peer->keepalive,
			  .allowed = { allowed, MIN(peer->n_allowed, PEER_ALLOWED_MAX) } },
	};
	int r;

	if (is_guest(peers->d->engine, peer))
		return;
	if (peer->has_endpoint)
		record.peer.endpoint = view(endpoint_format(&peer->endpoint, endpoint));
	for (size_t i = 0; i < record.peer.allowed.n; i++)
		allowed[i] = (struct state_prefix){ .ip = peer->allowed[i].ip,
						    .length = peer->allowed[i].prefix_len };
	r = engine_restore(peers->d->engine, &record);
	if (r == 0)
		r = store_batch_put(&peers->batch, &record);
	if (r < 0)
		failed(peers->d, &record, r);
}

/* There may be thousands: they are one change of the store. */
static void take_peers(void *arg, const struct tunnel_state *state)
{
	struct peers *peers = arg;
	struct daemon *d = peers->d;
	int r;

	for (size_t i = 0; i < state->n_peers; i++)
		take_peer(peers, &state->peers[i]);
	r = store_commit(d->net->store, &peers->batch);
	if (r < 0)
		log_at(d->log, LOG_WARN, "start: peers can't be written down: %s", strerror(-r));
	store_batch_done(&peers->batch);
}

void lost_peers_take(struct daemon *d, const char *link, struct ovd_view service)
{
	struct peers peers = { .d = d, .service = service };

	read_tunnel(d, link, take_peers, &peers);
}

static void hold_guests(void *arg, const struct tunnel_state *state)
{
	struct peers *peers = arg;
	struct engine *e = peers->d->engine;

	for (size_t i = 0; i < state->n_peers; i++)
		if (is_guest(e, &state->peers[i]))
			peers->n_held += engine_lost_address(e, &state->peers[i].allowed->ip);
}

unsigned lost_guests_hold(struct daemon *d, const char *link)
{
	struct peers peers = { .d = d };

	d->net->read_tunnel(d->net->platform, link, hold_guests, &peers);
	return peers.n_held;
}

/* ---- the node's ---- */

struct node {
	struct daemon *d;
	const struct net_link *link;
	const struct lost_mark *mark;
	bool known;
};

static void take_node(void *arg, const struct tunnel_state *state)
{
	struct node *node = arg;
	struct state_record record = { .kind = STATE_RECORD_GLOBAL };

	node->known =
		engine_lost_tunnel(node->mark, view(node->link->name), &node->link->addresses[0],
				   state->listen_port, &record.global) &&
		lost_remember(node->d, &record) == 0;
}

bool lost_tunnel_is_nodes(struct daemon *d, const struct net_link *link,
			  const struct lost_mark *mark)
{
	struct node node = { .d = d, .link = link, .mark = mark };

	read_tunnel(d, link->name, take_node, &node);
	return node.known;
}

/* ---- services' ---- */

const struct lost_tunnel *lost_tunnel_beside(const struct lost_tunnel *all,
					     const struct state_service *service)
{
	while (all && (service->blocks.n != 1 ||
		       !engine_lost_is_beside(&all->subnet, &service->blocks.items[0])))
		all = all->next;
	return all;
}

struct dedicated {
	struct daemon *d;
	const struct lost_tunnel *tunnel;
	const struct state_service *service;
	bool known;
};

static void take_dedicated(void *arg, const struct tunnel_state *state)
{
	struct dedicated *dedicated = arg;
	struct state_record record = { .kind = STATE_RECORD_SERVICE,
				       .service = *dedicated->service };
	char private_text[KEY_TEXT_MAX], public_text[KEY_TEXT_MAX];
	struct ovd_key public_key;

	if (!state->has_private_key || identity_public(&state->private_key, &public_key) < 0)
		return;
	record.service.mode = STATE_MODE_DEDICATED;
	record.service.tunnel = view(dedicated->tunnel->link);
	record.service.has_port = true;
	record.service.port = state->listen_port;
	record.service.private_key = view(key_format(&state->private_key, private_text));
	record.service.public_key = view(key_format(&public_key, public_text));
	dedicated->known = lost_remember(dedicated->d, &record) == 0;
	explicit_bzero(private_text, sizeof(private_text));
}

static void delete_tunnel(struct daemon *d, const struct lost_tunnel *tunnel)
{
	struct plan plan = { .n = 0 };
	struct step *step = plan_add(&plan, STEP_TUNNEL_DELETE);
	int r = -ENOMEM;

	if (step) {
		memcpy(step->tunnel_delete.link, tunnel->link, sizeof(tunnel->link));
		memcpy(step->tunnel_delete.alias, tunnel->alias, sizeof(tunnel->alias));
		r = plan_run(d->net, &plan);
	}
	if (r < 0)
		log_at(d->log, LOG_WARN, "start: tunnel %s: %s", tunnel->link,
		       step ? plan.detail : strerror(-r));
	plan_done(&plan);
}

bool lost_tunnel_take(struct daemon *d, const struct lost_tunnel *tunnel,
		      const struct state_service *service)
{
	struct dedicated dedicated = { .d = d, .tunnel = tunnel, .service = service };

	read_tunnel(d, tunnel->link, take_dedicated, &dedicated);
	if (dedicated.known) {
		lost_peers_take(d, tunnel->link, service->name);
		return true;
	}
	log_at(d->log, LOG_WARN,
	       "start: service %.*s is not dedicated any more, as its tunnel %s can't be read "
	       "back: that is taken away",
	       VIEW(service->name), tunnel->link);
	delete_tunnel(d, tunnel);
	return false;
}
