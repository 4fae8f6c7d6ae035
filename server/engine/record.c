#include "server/engine/segment.h"

#include <errno.h>

#include "server/engine/dedicated.h"

struct state_prefix record_prefix(const struct ovd_cidr *cidr)
{
	return (struct state_prefix){ .ip = cidr->ip, .length = cidr->prefix_len };
}

bool record_cidr(const struct state_prefix *prefix, struct ovd_cidr *ret)
{
	if (prefix->length > ip_bits(&prefix->ip))
		return false;
	*ret = cidr_network(&prefix->ip, prefix->length);
	return true;
}

struct state_record record_of_node(const struct engine *e)
{
	return (struct state_record){
		.kind = STATE_RECORD_NODE,
		.node = { .version = RECORD_FORM, .node_id = e->node_id, .imported = e->imported },
	};
}

struct state_record record_of_global(const struct global *g)
{
	return (struct state_record){
		.kind = STATE_RECORD_GLOBAL,
		.global = { .deployment = view(g->deployment),
			    .instance = view(g->instance),
			    .link = view(g->link),
			    .cluster = record_prefix(&g->cluster),
			    .has_slice = g->has_slice,
			    .slice = record_prefix(&g->slice),
			    .port = g->port,
			    .up = g->up },
	};
}

enum state_mode record_mode(enum service_mode mode)
{
	switch (mode) {
	case SERVICE_AUTO:
		return STATE_MODE_AUTO;
	case SERVICE_SHARED:
		return STATE_MODE_SHARED;
	case SERVICE_ISOLATED:
		return STATE_MODE_ISOLATED;
	case SERVICE_DEDICATED:
		return STATE_MODE_DEDICATED;
	}
	return STATE_MODE_AUTO;
}

struct state_record record_of_service(const struct service *service,
				      struct state_prefix subnets[SEGMENT_BLOCKS_MAX])
{
	struct state_record record = {
		.kind = STATE_RECORD_SERVICE,
		.service = { .name = view(service->name),
			     .mode = record_mode(service->mode),
			     .link = view(service->segment->link),
			     .leaving = service->leaving },
	};
	const struct pool *pool;
	size_t n = 0;

	for (; (pool = segment_pool_at(service->segment, n)); n++)
		subnets[n] = record_prefix(&pool->block);
	record.service.blocks.items = subnets;
	record.service.blocks.n = n;
	if (service->dedicated)
		dedicated_put_record(service->dedicated, &record.service);
	return record;
}

static enum state_handle record_handle(enum handle_kind kind)
{
	switch (kind) {
	case HANDLE_PID:
		return STATE_HANDLE_PROCESS;
	case HANDLE_NETNS:
		return STATE_HANDLE_NETNS;
	case HANDLE_GUEST:
		return STATE_HANDLE_GUEST;
	case HANDLE_HOST:
		return STATE_HANDLE_HOST;
	}
	return STATE_HANDLE_PROCESS;
}

static void put_extras(struct state_attachment *record, const struct extras *extras)
{
	record->has_request = extras->request;
	record->request = extras->request;
	record->has_mac = extras->has_mac;
	for (size_t i = 0; extras->has_mac && i < MAC_BYTES; i++)
		record->mac = record->mac << 8 | extras->mac[i];
	if (extras->interface[0])
		record->interface = view(extras->interface);
	if (extras->private_key[0]) {
		record->private_key = view(extras->private_key);
		record->public_key = view(extras->public_key);
	}
}

struct state_record record_of_attachment(const struct attachment *a, bool unfinished)
{
	struct state_record record = {
		.kind = STATE_RECORD_ATTACHMENT,
		.attachment = { .netns_dev = a->owner.netns_dev,
				.netns_ino = a->owner.netns_ino,
				.pid = a->owner.pid,
				.start_time = a->owner.start_time,
				.id = a->owner.id,
				.service = view(a->service->name),
				.ip = a->ip,
				.asked_join = a->asked_join,
				.has_joined_ip = a->joined,
				.joined_ip = a->joined_ip,
				.ephemeral = a->ephemeral,
				.unfinished = unfinished,
				.has_handle = a->owner.kind != HANDLE_PID,
				.handle = record_handle(a->owner.kind) },
	};

	if (a->extras)
		put_extras(&record.attachment, a->extras);
	return record;
}

static void tell_peer(struct engine *e, const struct peer_set *set, const struct peer *peer,
		      bool there)
{
	struct state_prefix allowed[PEER_ALLOWED_MAX];
	char key[KEY_TEXT_MAX], endpoint[ENDPOINT_TEXT_MAX];
	struct state_record record = {
		.kind = STATE_RECORD_PEER,
		.peer = { .key = view(key_format(&peer->key, key)),
			  .keepalive = peer->keepalive,
			  .allowed = { allowed, peer->n_allowed } },
	};

	if (set->dedicated)
		record.peer.service = view(set->dedicated->service->name);
	if (peer->host)
		record.peer.endpoint = view(peer->host);
	else if (peer->has_endpoint)
		record.peer.endpoint = view(endpoint_format(&peer->endpoint, endpoint));
	for (size_t i = 0; i < peer->n_allowed; i++)
		allowed[i] = record_prefix(&peer->allowed[i]);
	e->peer_changed(e->peer_changed_arg, &record, there);
}

void record_tell_peer(struct engine *e, const struct peer_set *set, const struct peer *peer,
		      bool there)
{
	if (e->peer_changed && !peer->guest)
		tell_peer(e, set, peer, there);
}

void record_tell_peers_gone(struct engine *e, const struct peer_set *set)
{
	struct tree_node *at;
	struct tree_walk walk;

	for (at = tree_first(&walk, set->root); at; at = tree_next(&walk))
		record_tell_peer(e, set, CONTAINER_OF(at, struct peer, node), false);
}

int plan_remember(struct plan *plan, struct state_record record)
{
	PLAN_ADD(plan, STEP_REMEMBER)->remember.record = record;
	return 0;
}

int plan_remember_instead(struct plan *plan, struct state_record record, struct state_record was)
{
	PLAN_ADD(plan, STEP_REMEMBER)->remember =
		(struct step_remember){ .record = record, .has_was = true, .was = was };
	return 0;
}

int plan_forget(struct plan *plan, struct state_record record)
{
	PLAN_ADD(plan, STEP_FORGET)->forget.record = record;
	return 0;
}
