#include "server/ops/lost_links.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "server/store/store.h"

struct reading {
	struct daemon *d;
	struct lost_bridge *lost;
	const struct net_link *tunnel; /* that is just read */
	struct store_batch peers;
	unsigned n_held;
};

static int failed(struct daemon *d, const struct state_record *record, int r)
{
	log_at(d->log, LOG_WARN, "start: a %s can't be read back from the kernel: %s",
	       state_record_kind_name(record->kind),
	       r == -EBADMSG ? engine_reason(d->engine) : strerror(-r));
	return r;
}

/* It is as if it had been read from the store. */
static int remember(struct daemon *d, const struct state_record *record)
{
	int r = engine_restore(d->engine, record);

	if (r == 0)
		r = store_put(d->net->store, record);
	return r < 0 ? failed(d, record, r) : 0;
}

/* What follows the mark and this word in an alias; NULL if it is another. */
static const char *behind(const struct daemon *d, const struct net_link *link, const char *word)
{
	const char *text = link->alias + strlen(engine_mark(d->engine));

	return strncmp(text, word, strlen(word)) == 0 ? text + strlen(word) : NULL;
}

/* ---- services ---- */

static int remember_service(struct daemon *d, const char *link, struct ovd_view name, bool shared,
			    const struct state_prefix *subnets, size_t n)
{
	const struct state_record record = {
		.kind = STATE_RECORD_SERVICE,
		.service = { .name = name,
			     .mode = shared ? STATE_MODE_SHARED : STATE_MODE_AUTO,
			     .link = view(link),
			     .blocks = { subnets, n } },
	};

	return remember(d, &record);
}

static void keep(struct reading *reading, const struct net_link *link, bool shared,
		 const struct state_prefix *subnets, size_t n)
{
	struct lost_bridge *lost = calloc(1, sizeof(*lost) + n * sizeof(*subnets));

	if (!lost)
		return;
	memcpy(lost->link, link->name, sizeof(lost->link));
	lost->shared = shared;
	memcpy(lost->subnets, subnets, n * sizeof(*subnets));
	lost->n_subnets = n;
	lost->next = reading->lost;
	reading->lost = lost;
}

static void take_bridge(void *arg, const struct net_link *link)
{
	struct reading *reading = arg;
	struct state_prefix subnets[NET_ADDRESSES_MAX];
	const char *name = behind(reading->d, link, " service ");
	size_t n = engine_lost_subnets(link->addresses, link->n_addresses, subnets);

	if (!link->is_bridge || engine_owns_link(reading->d->engine, view(link->name)))
		return;
	if (!name || strlen(link->alias) >= LINK_ALIAS_MAX - 1)
		keep(reading, link, !name, subnets, n);
	else
		remember_service(reading->d, link->name, view(name), false, subnets, n);
}

static bool has(const struct lost_bridge *lost, const struct ovd_ip *ip)
{
	for (size_t i = 0; i < lost->n_subnets; i++) {
		const struct ovd_cidr subnet =
			cidr_network(&lost->subnets[i].ip, lost->subnets[i].length);

		if (cidr_holds(&subnet, ip))
			return true;
	}
	return false;
}

void lost_links_name(struct daemon *d, const struct lost_bridge *lost, struct ovd_view service,
		     const struct ovd_ip *ip)
{
	if (service.n == 0 || engine_service_is_known(d->engine, service))
		return;
	while (lost && !has(lost, ip))
		lost = lost->next;
	if (lost && (lost->shared || !engine_owns_link(d->engine, view(lost->link))))
		remember_service(d, lost->link, service, lost->shared, lost->subnets,
				 lost->n_subnets);
}

void lost_links_free(struct lost_bridge *lost)
{
	while (lost) {
		struct lost_bridge *next = lost->next;

		free(lost);
		lost = next;
	}
}

/* ---- the tunnel ---- */

static bool is_guest(struct engine *e, const struct tunnel_peer *peer)
{
	return peer->n_allowed == 1 && peer->allowed->prefix_len == ip_bits(&peer->allowed->ip) &&
	       engine_is_our_address(e, &peer->allowed->ip);
}

static void take_peer(struct reading *reading, const struct tunnel_peer *peer)
{
	struct state_prefix allowed[PEER_ALLOWED_MAX];
	char key[KEY_TEXT_MAX], endpoint[ENDPOINT_TEXT_MAX];
	struct state_record record = {
		.kind = STATE_RECORD_PEER,
		.peer = { .key = view(key_format(&peer->key, key)),
			  .keepalive = peer->keepalive,
			  .allowed = { allowed, MIN(peer->n_allowed, PEER_ALLOWED_MAX) } },
	};
	int r;

	if (is_guest(reading->d->engine, peer))
		return;
	if (peer->has_endpoint)
		record.peer.endpoint = view(endpoint_format(&peer->endpoint, endpoint));
	for (size_t i = 0; i < record.peer.allowed.n; i++)
		allowed[i] = (struct state_prefix){ .ip = peer->allowed[i].ip,
						    .length = peer->allowed[i].prefix_len };
	r = engine_restore(reading->d->engine, &record);
	if (r == 0)
		r = store_batch_put(&reading->peers, &record);
	if (r < 0)
		failed(reading->d, &record, r);
}

/* There may be thousands of peers: they are one change of the store. */
static void take_state(void *arg, const struct tunnel_state *state)
{
	struct reading *reading = arg;
	struct daemon *d = reading->d;
	const struct net_link *link = reading->tunnel;
	struct state_record record = { .kind = STATE_RECORD_GLOBAL };
	int r;

	if (!engine_lost_tunnel(view(link->name), &link->addresses[0], state->listen_port,
				&record.global) ||
	    remember(d, &record) < 0)
		return;
	for (size_t i = 0; i < state->n_peers; i++)
		take_peer(reading, &state->peers[i]);
	r = store_commit(d->net->store, &reading->peers);
	if (r < 0)
		log_at(d->log, LOG_WARN, "start: peers can't be written down: %s", strerror(-r));
	store_batch_done(&reading->peers);
}

static void take_tunnel(void *arg, const struct net_link *link)
{
	struct reading *reading = arg;
	struct daemon *d = reading->d;
	int r;

	if (link->is_bridge || link->n_addresses == 0 || !behind(d, link, " tunnel ") ||
	    engine_global(d->engine).link[0])
		return;
	reading->tunnel = link;
	r = d->net->read_tunnel(d->net->platform, link->name, take_state, reading);
	if (r < 0)
		log_at(d->log, LOG_WARN, "start: tunnel %s can't be read: %s", link->name,
		       strerror(-r));
}

/* ---- both ---- */

static void read_with(struct reading *reading, void (*take)(void *arg, const struct net_link *link))
{
	struct daemon *d = reading->d;
	int r = d->net->read_links(d->net->platform, engine_mark(d->engine), take, reading);

	if (r < 0)
		log_at(d->log, LOG_WARN, "start: links can't be read: %s", strerror(-r));
}

/* Services first: a peer that has an address of theirs is a guest. */
void lost_links_read(struct daemon *d, struct lost_bridge **ret)
{
	struct reading reading = { .d = d };

	read_with(&reading, take_bridge);
	read_with(&reading, take_tunnel);
	*ret = reading.lost;
}

/* ---- what is neither link nor record ---- */

static void hold_guests(void *arg, const struct tunnel_state *state)
{
	struct reading *reading = arg;
	struct engine *e = reading->d->engine;

	for (size_t i = 0; i < state->n_peers; i++)
		if (is_guest(e, &state->peers[i]))
			reading->n_held += engine_lost_address(e, &state->peers[i].allowed->ip);
}

static void hold_of(void *arg, const struct net_link *link)
{
	struct reading *reading = arg;
	struct daemon *d = reading->d;

	if (link->is_bridge)
		return;
	for (size_t i = 0; i < link->n_addresses; i++)
		reading->n_held += engine_lost_alias(d->engine, &link->addresses[i].ip);
	d->net->read_tunnel(d->net->platform, link->name, hold_guests, reading);
}

unsigned lost_links_hold(struct daemon *d)
{
	struct reading reading = { .d = d };

	read_with(&reading, hold_of);
	return reading.n_held;
}
