#include "server/ops/lost_links.h"
#include "server/engine/start.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct reading {
	struct daemon *d;
	struct lost_links *lost;
	bool nodes; /* the node's tunnel was among them */
	unsigned n_held;
};

static bool is(const struct lost_mark *mark, const char *word)
{
	return view_eq(mark->word, view(word));
}

/* ---- services ---- */

static void remember_service(struct daemon *d, const struct lost_links *lost, const char *link,
			     struct ovd_view name, enum state_mode mode,
			     const struct state_prefix *subnets, size_t n)
{
	const struct state_record record = {
		.kind = STATE_RECORD_SERVICE,
		.service = { .name = name,
			     .mode = mode,
			     .link = view(link),
			     .blocks = { subnets, n } },
	};
	const struct lost_tunnel *own = lost_tunnel_beside(lost->tunnels, &record.service);

	if (!own || !lost_tunnel_take(d, own, &record.service))
		lost_remember(d, &record);
}

static void keep_bridge(struct lost_links *all, const struct net_link *link, bool shared,
			const struct state_prefix *subnets, size_t n)
{
	struct lost_bridge *lost = calloc(1, sizeof(*lost) + n * sizeof(*subnets));

	if (!lost)
		return;
	memcpy(lost->link, link->name, sizeof(lost->link));
	lost->shared = shared;
	memcpy(lost->subnets, subnets, n * sizeof(*subnets));
	lost->n_subnets = n;
	lost->next = all->bridges;
	all->bridges = lost;
}

static void take_bridge(void *arg, const struct net_link *link)
{
	struct reading *reading = arg;
	struct state_prefix subnets[NET_ADDRESSES_MAX];
	size_t n = engine_lost_subnets(link->addresses, link->n_addresses, subnets);
	const struct engine *e = reading->d->engine;
	struct lost_mark mark;

	if (!link->is_bridge || engine_owns_link(e, view(link->name)) ||
	    !engine_lost_mark(e, link->alias, &mark))
		return;
	if (!is(&mark, "service") || mark.is_cut)
		keep_bridge(reading->lost, link, !is(&mark, "service"), subnets, n);
	else
		remember_service(reading->d, reading->lost, link->name, mark.name,
				 engine_lost_mode(&mark), subnets, n);
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

void lost_links_name(struct daemon *d, const struct lost_links *lost, struct ovd_view service,
		     const struct ovd_ip *ip)
{
	const struct lost_bridge *bridge = lost->bridges;

	if (service.n == 0 || engine_service_is_known(d->engine, service))
		return;
	while (bridge && !has(bridge, ip))
		bridge = bridge->next;
	if (bridge && (bridge->shared || !engine_owns_link(d->engine, view(bridge->link))))
		remember_service(d, lost, bridge->link, service,
				 bridge->shared ? STATE_MODE_SHARED : STATE_MODE_AUTO,
				 bridge->subnets, bridge->n_subnets);
}

void lost_links_free(struct lost_links *lost)
{
	for (struct lost_bridge *bridge = lost->bridges, *next; bridge; bridge = next) {
		next = bridge->next;
		free(bridge);
	}
	for (struct lost_tunnel *tunnel = lost->tunnels, *next; tunnel; tunnel = next) {
		next = tunnel->next;
		free(tunnel);
	}
}

/* ---- tunnels ---- */

static void keep_tunnel(struct lost_links *lost, const struct net_link *link)
{
	const struct ovd_cidr *address = &link->addresses[0];
	struct lost_tunnel *tunnel = malloc(sizeof(*tunnel));

	if (!tunnel)
		return;
	*tunnel = (struct lost_tunnel){ .next = lost->tunnels,
					.subnet = cidr_network(&address->ip, address->prefix_len) };
	memcpy(tunnel->link, link->name, sizeof(tunnel->link));
	memcpy(tunnel->alias, link->alias, sizeof(tunnel->alias));
	lost->tunnels = tunnel;
}

static void take_tunnel(void *arg, const struct net_link *link)
{
	struct reading *reading = arg;
	struct daemon *d = reading->d;
	struct lost_mark mark;

	if (link->is_bridge || link->n_addresses == 0 ||
	    !engine_lost_mark(d->engine, link->alias, &mark))
		return;
	if (is(&mark, "tunnel") && !engine_global(d->engine).link[0])
		reading->nodes |= lost_tunnel_is_nodes(d, link, &mark);
	else if (is(&mark, "dedicated") && !engine_owns_link(d->engine, view(link->name)))
		keep_tunnel(reading->lost, link);
}

/* ---- both ---- */

static void read_with(struct reading *reading, void (*take)(void *arg, const struct net_link *link))
{
	struct daemon *d = reading->d;
	int r = d->net->read_links(d->net->platform, engine_mark(d->engine), take, reading);

	if (r < 0)
		log_at(d->log, LOG_WARN, "start: links can't be read: %s", strerror(-r));
}

/* A dedicated service stands upon the node's ranges; and a peer that has an address of a service is
 * a guest. */
void lost_links_read(struct daemon *d, struct lost_links *ret)
{
	struct reading reading = { .d = d, .lost = ret };

	read_with(&reading, take_tunnel);
	read_with(&reading, take_bridge);
	if (reading.nodes)
		lost_peers_take(d, engine_global(d->engine).link, NODES_TUNNEL);
}

/* ---- what is neither link nor record ---- */

static void hold_of(void *arg, const struct net_link *link)
{
	struct reading *reading = arg;
	struct daemon *d = reading->d;

	if (link->is_bridge)
		return;
	for (size_t i = 0; i < link->n_addresses; i++)
		reading->n_held += engine_lost_alias(d->engine, &link->addresses[i].ip);
	reading->n_held += lost_guests_hold(d, link->name);
}

unsigned lost_links_hold(struct daemon *d)
{
	struct reading reading = { .d = d };

	read_with(&reading, hold_of);
	return reading.n_held;
}
