#include "server/engine/dedicated.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "server/engine/imported.h"
#include "server/engine/block.h"
#include "server/engine/doubt.h"
#include "server/engine/name.h"
#include "server/engine/peer.h"
#include "server/engine/record.h"

/* So many ports behind the node's are for such tunnels, as in the reference; and the port where the
 * node's own is the system's choice, the reference's own default. */
#define BAND         256
#define DEFAULT_PORT 51420

/* ---- which port ---- */

const struct service *dedicated_at(const struct engine *e, uint16_t port)
{
	for (const struct dedicated *d = e->dedicated; d; d = d->next)
		if (d->port == port)
			return d->service;
	return NULL;
}

/* The band is as wide as the bits are many: each port has its own. */
static bool is_occupied(const struct engine *e, uint32_t port)
{
	return e->ports_occupied[port % BAND / 64] >> port % 64 & 1;
}

void dedicated_port_occupied(struct engine *e, const struct dedicated *d)
{
	e->ports_occupied[d->port % BAND / 64] |= UINT64_C(1) << d->port % 64;
}

static int choose_port(struct engine *e, const char *service, uint16_t *ret)
{
	uint32_t first = (e->global.port ? e->global.port : DEFAULT_PORT) + 1u;
	uint32_t last = MIN(first + BAND - 1, UINT16_MAX);

	if (first > UINT16_MAX)
		return engine_refuse(e, -ENOSPC,
				     "mode dedicated needs a port above the node's wg_port, and "
				     "there is none above %u",
				     first - 1);
	for (uint32_t port = first; port <= last; port++)
		if (!is_occupied(e, port) && !dedicated_at(e, (uint16_t)port) &&
		    !imported_has_port(e, (uint16_t)port, service)) {
			*ret = (uint16_t)port;
			return 0;
		}
	memset(e->ports_occupied, 0, sizeof(e->ports_occupied)); /* they may be free by then */
	return engine_refuse(e, -ENOSPC,
			     "dedicated-overlay port band exhausted (%u..=%u, %u ports)", first,
			     last, last - first + 1);
}

/* ---- records ---- */

int dedicated_check(struct engine *e)
{
	if (e->global.has_block)
		return 0;
	return engine_refuse(e, -ENOENT,
			     "mode dedicated needs the node's ranges: setup_global_overlay comes "
			     "first");
}

static void insert(struct engine *e, struct dedicated *d)
{
	struct dedicated **at = &e->dedicated;

	while (*at && strcmp((*at)->service->name, d->service->name) < 0)
		at = &(*at)->next;
	d->next = *at;
	*at = d;
}

static int add(struct engine *e, struct service *service, const struct ovd_key *private_key,
	       const struct ovd_key *public_key, uint16_t port)
{
	struct ovd_view parts[] = { view(e->global.deployment), view(e->global.instance),
				    view(service->name) };
	struct ovd_cidr block = block_whole(&service->segment->pool.block);
	struct dedicated *d = calloc(1, sizeof(*d));

	if (!d)
		return -ENOMEM;
	d->service = service;
	d->port = port;
	d->private_key = *private_key;
	d->public_key = *public_key;
	key_format(private_key, d->private_text);
	key_format(public_key, d->public_text);
	name_link(parts, ARRAY_SIZE(parts), "d", d->link);
	d->block = (struct prefix){ .cidr = block_half(&block, false), .owner = service->segment };
	prefix_insert(&e->blocks, &d->block);
	d->peers.dedicated = d;
	insert(e, d);
	service->dedicated = d;
	return 0;
}

/* One that was made by an earlier daemon is what others know it by, unless its port is taken. */
int dedicated_new(struct engine *e, struct service *service, const struct ovd_key *private_key,
		  const struct ovd_key *public_key)
{
	const struct imported *known = imported_find(e, service->name);
	uint16_t port = known ? known->port : 0;
	int r = 0;

	if (known) {
		private_key = &known->private_key;
		public_key = &known->public_key;
	}
	if (!known || port == e->global.port || is_occupied(e, port) || dedicated_at(e, port))
		r = choose_port(e, service->name, &port);
	return r < 0 ? r : add(e, service, private_key, public_key, port);
}

static int check_record(struct engine *e, const struct service *service,
			const struct state_service *record)
{
	struct ovd_cidr whole = block_whole(&service->segment->pool.block);
	struct ovd_cidr lower = block_half(&whole, false);

	if (!e->global.has_block)
		return engine_refuse(e, -EBADMSG,
				     "it is dedicated, and the node's ranges are gone");
	if (cidr_eq(&lower, &service->segment->pool.block) || service->segment->more)
		return engine_refuse(e, -EBADMSG, "its subnet is no half of a block");
	if (prefix_overlapping(&e->blocks, &lower))
		return engine_refuse(e, -EBADMSG, "its tunnel's subnet is another's");
	if (!record->has_port || record->port == 0 || record->port == e->global.port ||
	    dedicated_at(e, record->port))
		return engine_refuse(e, -EBADMSG, "its tunnel's port is none, or another's");
	return 0;
}

int dedicated_restore(struct engine *e, struct service *service, const struct state_service *record)
{
	struct ovd_key private_key, public_key;
	int r = check_record(e, service, record);

	if (r < 0)
		return r;
	if (key_parse(record->private_key, &private_key) < 0 ||
	    key_parse(record->public_key, &public_key) < 0)
		return engine_refuse(e, -EBADMSG, "its tunnel's keys are none");
	r = add(e, service, &private_key, &public_key, record->port);
	explicit_bzero(&private_key, sizeof(private_key));
	if (r < 0)
		return r;
	if (record->tunnel.p)
		text_copy(service->dedicated->link, LINK_NAME_MAX, record->tunnel);
	service->dedicated->up = true;
	return 0;
}

void dedicated_free(struct engine *e, struct service *service, bool tell)
{
	struct dedicated *d = service->dedicated, **at = &e->dedicated;

	if (!d)
		return;
	while (*at != d)
		at = &(*at)->next;
	*at = d->next;
	if (tell)
		record_tell_peers_gone(e, &d->peers);
	peers_free(e, &d->peers);
	prefix_delete(&e->blocks, &d->block);
	service->dedicated = NULL;
	explicit_bzero(d, sizeof(*d));
	free(d);
}

void dedicated_put_record(const struct dedicated *d, struct state_service *record)
{
	record->has_port = true;
	record->port = d->port;
	record->private_key = view(d->private_text);
	record->public_key = view(d->public_text);
	record->tunnel = view(d->link);
}

/* ---- steps ---- */

static struct ovd_ip address(const struct dedicated *d)
{
	return ip_add(&d->block.cidr.ip, 1);
}

struct tunnel_way dedicated_way(const struct dedicated *d)
{
	struct tunnel_way way = { .up = d->up, .on_link = d->block.cidr, .source = address(d) };

	memcpy(way.link, d->link, sizeof(way.link));
	return way;
}

int dedicated_plan_setup(struct engine *e, const struct dedicated *d, bool complete,
			 struct tunnel_peer **ret_peers, struct plan *plan)
{
	const struct tunnel_want want = { .ip = address(d),
					  .prefix_len = d->block.cidr.prefix_len,
					  .block = d->block.cidr,
					  .listen_port = d->port,
					  .private_key = d->private_key };
	struct tunnel_way way = dedicated_way(d);
	struct step_tunnel *tunnel;
	int r = peers_for_tunnel(e, &d->peers, ret_peers);

	if (r < 0)
		return r;
	way.up = true;
	PLAN_ADD(plan, STEP_PREFIX)->prefix.cidr = d->block.cidr;
	tunnel = &PLAN_ADD(plan, STEP_TUNNEL)->tunnel;
	text_copy(tunnel->link, sizeof(tunnel->link), view(d->link));
	alias_format(e, "dedicated", d->service->name, tunnel->alias);
	text_copy(tunnel->mark, sizeof(tunnel->mark), view(e->mark));
	tunnel->want = want;
	tunnel->has_was = d->up;
	if (d->up)
		tunnel->was = want;
	tunnel->peers = *ret_peers;
	tunnel->n_peers = d->peers.n;
	tunnel->only = complete;
	return peers_plan_routes(&d->peers, &way, STEP_ROUTE, plan);
}

static int plan_delete(const struct engine *e, const struct dedicated *d, struct plan *plan)
{
	struct step_tunnel_delete *step = &PLAN_ADD(plan, STEP_TUNNEL_DELETE)->tunnel_delete;

	text_copy(step->link, sizeof(step->link), view(d->link));
	alias_format(e, "dedicated", d->service->name, step->alias);
	return 0;
}

int dedicated_plan_removal(const struct engine *e, const struct dedicated *d, struct plan *plan)
{
	PLAN_ADD(plan, STEP_PREFIX_DELETE)->prefix.cidr = d->block.cidr;
	return plan_delete(e, d, plan);
}

void dedicated_made(struct dedicated *d)
{
	d->up = true;
	doubts_end(&d->peers, false);
}

int dedicated_plan_stop(const struct engine *e, struct plan *plan)
{
	int r = 0;

	for (const struct dedicated *d = e->dedicated; d && r == 0; d = d->next)
		if (d->up)
			r = plan_delete(e, d, plan);
	return r;
}

void dedicated_stopped(struct engine *e)
{
	for (struct dedicated *d = e->dedicated; d; d = d->next)
		d->up = false;
}

int dedicated_plan_prefixes(const struct engine *e, struct plan *plan)
{
	for (const struct dedicated *d = e->dedicated; d; d = d->next)
		if (d->up && !d->service->segment->busy)
			PLAN_ADD(plan, STEP_PREFIX)->prefix.cidr = d->block.cidr;
	return 0;
}

/* ---- who asks ---- */

static struct dedicated_view view_of(const struct dedicated *d)
{
	return (struct dedicated_view){
		.service = view(d->service->name),
		.link = d->link,
		.public_key = d->public_text,
		.port = d->port,
		.ip = address(d),
		.subnet = block_whole(&d->block.cidr),
		.n_peers = d->peers.n,
	};
}

bool engine_dedicated(const struct engine *e, struct ovd_view name, struct dedicated_view *ret)
{
	const struct service *service = service_find(e, name);

	if (!service || !service->dedicated)
		return false;
	*ret = view_of(service->dedicated);
	return true;
}

void engine_each_dedicated(const struct engine *e,
			   void (*each)(void *arg, const struct dedicated_view *dedicated),
			   void *arg)
{
	for (const struct dedicated *d = e->dedicated; d; d = d->next) {
		const struct dedicated_view seen = view_of(d);

		each(arg, &seen);
	}
}

size_t engine_dedicated_count(const struct engine *e)
{
	size_t n = 0;

	for (const struct dedicated *d = e->dedicated; d; d = d->next)
		n++;
	return n;
}

const char *engine_tunnel_link(const struct engine *e, struct ovd_view service)
{
	const struct service *found = service.p ? service_find(e, service) : NULL;

	if (!service.p)
		return engine_global(e).link;
	return found && found->dedicated && found->dedicated->up ? found->dedicated->link : "";
}
