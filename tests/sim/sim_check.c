#include <stdio.h>
#include <string.h>

#include "server/engine/dedicated.h"
#include "tests/check.h"
#include "tests/sim/sim.h"

#define FOR_EACH(walk, at, root)                                                                   \
	for (struct tree_node *at = tree_first(walk, root); at; at = tree_next(walk))

/* ---- no address twice ---- */

struct seen {
	struct ovd_ip ips[256];
	size_t n;
};

static void see(struct seen *seen, const struct ovd_ip *ip)
{
	char text[IP_TEXT_MAX];

	for (size_t i = 0; i < seen->n; i++)
		if (ip_eq(&seen->ips[i], ip))
			check_fail(__FILE__, __LINE__, "%s is given twice", ip_format(ip, text));
	CHECK(seen->n < ARRAY_SIZE(seen->ips));
	seen->ips[seen->n++] = *ip;
}

static void see_dedicated(void *arg, const struct dedicated_view *dedicated)
{
	see(arg, &dedicated->ip);
}

static void check_addresses(const struct sim *s)
{
	struct seen seen = { .n = 0 };
	struct tree_walk walk;

	if (s->e->global.has_block)
		see(&seen, &(struct ovd_ip[]){ pool_gateway(&s->e->global.pool) }[0]);
	FOR_EACH(&walk, at, s->e->services)
	{
		const struct service *service = CONTAINER_OF(at, struct service, node);
		struct ovd_ip gateway = pool_gateway(&service->segment->pool);

		if (service->segment != s->e->shared)
			see(&seen, &gateway);
	}
	engine_each_dedicated(s->e, see_dedicated, &seen);
	FOR_EACH(&walk, at, s->e->attachments_by_handle)
	{
		const struct attachment *a = CONTAINER_OF(at, struct attachment, by_handle);

		see(&seen, &a->ip);
		if (a->joined)
			see(&seen, &a->joined_ip);
	}
	for (size_t i = 0; i < s->model.n_leases; i++)
		see(&seen, &s->model.leases[i]);
}

/* ---- none lost ---- */

static size_t leases_in(const struct sim *s, const struct ovd_cidr *block)
{
	size_t n = 0;

	for (size_t i = 0; i < s->model.n_leases; i++)
		n += cidr_holds(block, &s->model.leases[i]);
	return n;
}

static void check_pools(const struct sim *s)
{
	struct tree_walk walk;
	size_t joined = 0;

	FOR_EACH(&walk, at, s->e->services)
	{
		const struct segment *segment = CONTAINER_OF(at, struct service, node)->segment;

		CHECK_INT(segment->pool.n_given,
			  segment->n_attached + leases_in(s, &segment->pool.block));
	}
	FOR_EACH(&walk, at, s->e->attachments_by_handle)
	{
		joined += CONTAINER_OF(at, struct attachment, by_handle)->joined;
	}
	if (s->e->global.has_block)
		CHECK_INT(s->e->global.pool.n_given,
			  joined + leases_in(s, &s->e->global.pool.block));
}

/* ---- what was answered is so ---- */

static const struct attachment *find(const struct sim *s, unsigned who, unsigned life)
{
	const struct owner owner = sim_owner(s, who, life);
	struct tree_walk walk;

	FOR_EACH(&walk, at, s->e->attachments_by_handle)
	{
		const struct attachment *a = CONTAINER_OF(at, struct attachment, by_handle);

		if (a->owner.pid == owner.pid && a->owner.start_time == owner.start_time)
			return a;
	}
	return NULL;
}

static void check_port(const struct sim *s, const char *host, const struct ovd_ip *ip)
{
	char port[96], text[IP_TEXT_MAX];

	snprintf(port, sizeof(port), "port %s %s", host, ip_format(ip, text));
	if (!net_fake_has(&s->fake, port))
		check_fail(__FILE__, __LINE__, "the kernel has no %s", port);
}

static void check_containers(const struct sim *s)
{
	for (unsigned i = 0; i < CONTAINERS; i++) {
		const struct attachment *a;

		if (!s->model.containers[i].attached || s->model.containers[i].life != s->life[i] ||
		    sim_is_busy(s, ACT_ATTACH, ACT_DETACH, i))
			continue;
		a = find(s, i, s->life[i]);
		if (!a)
			check_fail(__FILE__, __LINE__, "container %u was lost", i);
		CHECK(ip_eq(&a->ip, &s->model.containers[i].ip));
		check_port(s, a->host[0], &a->ip);
		if (a->joined)
			check_port(s, a->host[1], &a->joined_ip);
	}
}

struct peers_seen {
	const struct sim *s;
	unsigned tunnel;
	size_t n;
};

static void check_peer(void *arg, const struct peer_view *peer)
{
	struct peers_seen *seen = arg;
	unsigned who = peer->key.b[0] - 1u;
	size_t n = 0;

	seen->n++;
	CHECK(seen->s->model.peers[seen->tunnel][who].known);
	for (unsigned i = 0; i < PREFIXES; i++)
		n += seen->s->model.peers[seen->tunnel][who].allowed[i];
	CHECK_INT(peer->n_allowed, n);
}

static bool peers_busy(const struct sim *s)
{
	for (unsigned i = 0; i < PEERS; i++)
		if (sim_is_busy(s, ACT_PEER, ACT_DISALLOW, i))
			return true;
	return false;
}

static void check_peers(const struct sim *s)
{
	for (unsigned tunnel = 0; tunnel < TUNNELS && !peers_busy(s); tunnel++) {
		struct peers_seen seen = { .s = s, .tunnel = tunnel };
		size_t n = 0;

		engine_each_peer(s->e, sim_tunnel(tunnel), check_peer, &seen);
		for (unsigned i = 0; i < PEERS; i++)
			n += s->model.peers[tunnel][i].known;
		CHECK_INT(seen.n, n);
	}
}

/* ---- nothing under way: kernel, store and engine agree ---- */

static size_t count_things(const struct sim *s, const char *kind)
{
	size_t n = 0;

	for (size_t i = 0; i < s->fake.n; i++)
		n += strncmp(s->fake.things[i], kind, strlen(kind)) == 0;
	return n;
}

static size_t count_records(const struct sim *s, const char *kind)
{
	size_t n = 0;

	for (size_t i = 0; i < s->store.n; i++)
		n += strstr(s->store.records[i].key, kind) != NULL;
	return n;
}

static void check_kernel(const struct sim *s)
{
	struct tree_walk walk;
	size_t ports = 0, bridges = 0;

	FOR_EACH(&walk, at, s->e->attachments_by_handle)
	{
		const struct attachment *a = CONTAINER_OF(at, struct attachment, by_handle);

		if (a->owner.start_time == s->life[a->owner.pid - 100] + 1)
			ports += 1u + a->joined;
	}
	FOR_EACH(&walk, at, s->e->services)
	{
		bridges += CONTAINER_OF(at, struct service, node)->segment != s->e->shared;
	}
	CHECK_INT(count_things(s, "port "), ports);
	CHECK_INT(count_things(s, "bridge "), bridges + (s->e->shared != NULL));
	CHECK_INT(s->e->global.up, s->model.up);
}

/* Its device is there, and shares neither its port nor a prefix. */
static void check_dedicated(const struct sim *s)
{
	size_t n = s->e->global.up;

	for (const struct dedicated *d = s->e->dedicated; d; d = d->next) {
		char name[32];
		size_t there;

		snprintf(name, sizeof(name), "tunnel %s ", d->link);
		there = count_things(s, name);
		n += there;
		CHECK(there == 1 || s->model.fallen[sim_service(d->service->name)]);
		CHECK(!cidr_overlaps(&d->block.cidr, &d->service->segment->pool.block));
		CHECK(d->port != s->e->global.port);
		CHECK(dedicated_at(s->e, d->port) == d->service);
	}
	CHECK_INT(count_things(s, "tunnel "), n);
}

static void check_store(const struct sim *s)
{
	size_t peers = s->e->peers.n;

	for (const struct dedicated *d = s->e->dedicated; d; d = d->next)
		peers += d->peers.n;
	CHECK_INT(count_records(s, " attachment "), s->e->n_attachments);
	CHECK_INT(count_records(s, " service "), s->e->n_services);
	CHECK_INT(count_records(s, " peer "), peers);
	CHECK_INT(count_records(s, " lease "), s->model.n_leases);
	if (strstr(memory_store_text(&s->store), "\"unfinished\":true"))
		check_fail(__FILE__, __LINE__, "unfinished:\n%s", memory_store_text(&s->store));
}

static void check_services(const struct sim *s)
{
	size_t n = 0;

	for (unsigned i = 0; i < SERVICES; i++)
		n += s->model.services[i];
	CHECK_INT(s->e->n_services, n);
}

void sim_check(struct sim *s)
{
	check_addresses(s);
	check_containers(s);
	check_peers(s);
	if (s->n_jobs > 0)
		return;
	check_services(s);
	check_pools(s);
	check_kernel(s);
	check_dedicated(s);
	check_store(s);
}

/* Leases end with the service whose addresses they are. */
void sim_forget_leases(struct sim *s)
{
	for (size_t i = s->model.n_leases; i-- > 0;) {
		struct pool *pool = pool_of(s->e, &s->model.leases[i]);

		if (!pool || !pool_is_lent(pool, &s->model.leases[i]))
			model_return(&s->model, i);
	}
}
