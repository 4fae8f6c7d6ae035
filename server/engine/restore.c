/* Records that were read become what they were written of. */
#include <errno.h>

#include "server/engine/attachment.h"
#include "server/engine/dedicated.h"
#include "server/engine/imported.h"

#include "server/engine/peer.h"
#include "server/engine/record.h"
#include "server/engine/segment.h"

static int malformed(struct engine *e, const char *what)
{
	return engine_refuse(e, -EBADMSG, "%s", what);
}

static int restore_global(struct engine *e, const struct state_global *record)
{
	struct global *g = &e->global;
	struct ovd_cidr block;

	if (g->has_block || !record_cidr(&record->cluster, &g->cluster) ||
	    (record->has_slice && !record_cidr(&record->slice, &g->slice)))
		return malformed(e, "its ranges are none");
	block = global_block(record->has_slice, &g->cluster, &g->slice);
	if (pool_init(&g->pool, &block) < 0)
		return malformed(e, "its block has no usable size");
	text_copy(g->deployment, sizeof(g->deployment), record->deployment);
	text_copy(g->instance, sizeof(g->instance), record->instance);
	text_copy(g->link, sizeof(g->link), record->link);
	g->has_slice = record->has_slice;
	g->port = record->port;
	g->has_block = true;
	g->up = record->up;
	return 0;
}

static enum service_mode mode_of(enum state_mode mode)
{
	switch (mode) {
	case STATE_MODE_AUTO:
		return SERVICE_AUTO;
	case STATE_MODE_DEDICATED:
		return SERVICE_DEDICATED;
	case STATE_MODE_SHARED:
		return SERVICE_SHARED;
	case STATE_MODE_ISOLATED:
		return SERVICE_ISOLATED;
	}
	return SERVICE_AUTO;
}

/* True: this bridge has it already. -EBADMSG: it is none, or another's. */
static int has_block(struct engine *e, const struct segment *segment,
		     const struct state_prefix *record, struct ovd_cidr *ret)
{
	const struct prefix *taken;

	if (!record_cidr(record, ret))
		return malformed(e, "its subnet is none");
	taken = prefix_overlapping(&e->blocks, ret);
	if (taken && (taken->owner != segment || !cidr_eq(&taken->cidr, ret)))
		return malformed(e, "its subnet is another's");
	return taken != NULL;
}

static int new_segment(struct engine *e, const struct state_service *record, struct segment **ret)
{
	struct ovd_cidr block;
	int r = has_block(e, NULL, &record->blocks.items[0], &block);

	if (r == 0)
		r = segment_on(e, &block, ret);
	if (r == -ERANGE)
		return malformed(e, "its subnet has no usable size");
	if (r == 0)
		text_copy((*ret)->link, sizeof((*ret)->link), record->link);
	return r;
}

/* The bridge of all shared services is there with the first of them. */
static int restore_segment(struct engine *e, const struct state_service *record, bool shared,
			   struct segment **ret)
{
	struct segment *segment = shared ? e->shared : NULL;
	struct ovd_cidr block;
	int r = 0;

	if (record->blocks.n == 0 || record->blocks.n > SEGMENT_BLOCKS_MAX)
		return malformed(e, "it has no subnet, or too many");
	if (!segment)
		r = new_segment(e, record, &segment);
	for (size_t i = 0; i < record->blocks.n && r == 0; i++) {
		r = has_block(e, segment, &record->blocks.items[i], &block);
		r = r == 0 ? segment_grow(e, segment, &block) : MIN(r, 0);
	}
	if (r == 0)
		*ret = segment;
	else if (segment && segment->n_services == 0)
		segment_free(e, segment);
	return r;
}

static int restore_service(struct engine *e, const struct state_service *record)
{
	enum service_mode mode = mode_of(record->mode);
	struct service *service = NULL;
	struct segment *segment = NULL;
	int r;

	if (service_find(e, record->name) || record->name.n == 0)
		return engine_refuse(e, -EBADMSG, "its name is another's");
	r = restore_segment(e, record, mode == SERVICE_SHARED, &segment);
	if (r == 0)
		r = service_new(e, record->name, mode, segment, &service);
	if (r == 0 && mode == SERVICE_DEDICATED)
		r = dedicated_restore(e, service, record);
	if (r < 0 && service)
		service_forget(e, service);
	if (r < 0)
		return r;
	service_leave(e, service, record->leaving);
	if (mode == SERVICE_SHARED)
		e->shared = segment;
	return 0;
}

static int restore_peer(struct engine *e, const struct state_peer *record)
{
	struct ovd_cidr allowed[PEER_ALLOWED_MAX];
	struct peer_spec spec = { .service = record->service,
				  .keepalive = record->keepalive,
				  .allowed = allowed,
				  .restored = true };
	struct tunnel_change change;
	struct intent *intent;
	struct plan plan = { .n = 0 };
	int r;

	if (key_parse(record->key, &spec.key) < 0 || record->allowed.n > PEER_ALLOWED_MAX)
		return malformed(e, "its key or its prefixes are none");
	for (size_t i = 0; i < record->allowed.n; i++)
		if (!record_cidr(&record->allowed.items[i], &allowed[spec.n_allowed++]))
			return malformed(e, "its prefixes are none");
	spec.has_endpoint =
		record->endpoint.p && endpoint_parse(record->endpoint, &spec.endpoint) == 0;
	if (!spec.has_endpoint)
		spec.host = record->endpoint;
	r = engine_peer_set(e, &spec, &plan, &change, &intent);
	if (r == 0)
		engine_commit(e, intent);
	plan_done(&plan); /* the tunnel is given all peers with their routes */
	if (r == 0 || r == -EALREADY)
		return 0;
	return r == -ENOMEM || r == -ENOENT ? r : -EBADMSG;
}

static int claim_addresses(struct engine *e, const struct attachment *a)
{
	if (a->owner.kind == HANDLE_HOST && !e->global.has_block)
		return -EBADMSG;
	if (!attachment_pool(e, a) || pool_claim(attachment_pool(e, a), &a->ip) < 0)
		return -EBADMSG;
	if (!a->joined)
		return 0;
	if (e->global.has_block && pool_claim(&e->global.pool, &a->joined_ip) == 0)
		return 0;
	pool_give(attachment_pool(e, a), &a->ip);
	return -EBADMSG;
}

static enum handle_kind kind_of(const struct state_attachment *record)
{
	switch (record->has_handle ? record->handle : STATE_HANDLE_PROCESS) {
	case STATE_HANDLE_PROCESS:
		return HANDLE_PID;
	case STATE_HANDLE_NETNS:
		return HANDLE_NETNS;
	case STATE_HANDLE_GUEST:
		return HANDLE_GUEST;
	case STATE_HANDLE_HOST:
		return HANDLE_HOST;
	}
	return HANDLE_PID;
}

static struct owner owner_of(const struct state_attachment *record)
{
	return (struct owner){ .netns_dev = record->netns_dev,
			       .netns_ino = record->netns_ino,
			       .start_time = record->start_time,
			       .pid = record->pid,
			       .netns = -1,
			       .kind = kind_of(record),
			       .id = record->id };
}

static struct extras extras_of(const struct state_attachment *record)
{
	struct extras extras = { .has_mac = record->has_mac };

	if (record->has_request)
		extras.request = record->request;
	for (size_t i = 0; record->has_mac && i < MAC_BYTES; i++)
		extras.mac[i] = (uint8_t)(record->mac >> (8 * (MAC_BYTES - 1 - i)));
	if (record->interface.p)
		text_copy(extras.interface, sizeof(extras.interface), record->interface);
	if (record->private_key.p && record->private_key.n < sizeof(extras.private_key) &&
	    record->public_key.p && record->public_key.n < sizeof(extras.public_key)) {
		text_copy(extras.private_key, sizeof(extras.private_key), record->private_key);
		text_copy(extras.public_key, sizeof(extras.public_key), record->public_key);
	}
	return extras;
}

/* Its peer; the tunnel is given all peers with their routes. */
static int restore_guest(struct engine *e, struct attachment *a)
{
	struct attachment_intent i = { .peer = NULL };
	struct plan plan = { .n = 0 };
	int r = a->extras ? guest_plan_peer(e, a, &plan, &i) : -EBADMSG;

	plan_done(&plan);
	if (r == 0) {
		engine_commit(e, i.peer);
		return 0;
	}
	attachment_remove(e, a);
	attachment_release(e, a);
	return r == -ENOMEM ? r : malformed(e, "its key is none, or another's");
}

static int make_attachment(struct engine *e, const struct state_attachment *record,
			   const struct owner *owner, struct service *service)
{
	const struct extras extras = extras_of(record);
	struct attachment *a = attachment_new(e, owner, &extras, service);

	if (!a)
		return -ENOMEM;
	a->ip = record->ip;
	a->asked_join = record->asked_join;
	a->joined = record->has_joined_ip;
	a->joined_ip = record->joined_ip;
	a->ephemeral = record->ephemeral;
	a->unfinished = record->unfinished;
	if (claim_addresses(e, a) < 0) {
		attachment_free(e, a);
		return engine_refuse(e, -EBADMSG, "its address is nobody's, or another's");
	}
	attachment_count(a);
	attachment_insert(e, a);
	return owner->kind == HANDLE_GUEST ? restore_guest(e, a) : 0;
}

static int restore_attachment(struct engine *e, const struct state_attachment *record)
{
	struct service *service = service_find(e, record->service);
	const struct owner owner = owner_of(record);

	if (!service)
		return engine_refuse(e, -EBADMSG, "its service is not known");
	if (owner.kind != HANDLE_PID && owner.id.n == 0)
		return malformed(e, "its handle is none");
	if (attachment_is_known(e, &owner))
		return engine_refuse(e, -EBADMSG, "its container is attached otherwise");
	return make_attachment(e, record, &owner, service);
}

static int restore_lease(struct engine *e, const struct state_lease *record)
{
	struct pool *pool = pool_of(e, &record->ip);

	if (!pool)
		return -ENOENT;
	if (pool_claim(pool, &record->ip) < 0)
		return malformed(e, "its address is another's");
	pool_lend(pool, &record->ip);
	return 0;
}

static int restore_node(struct engine *e, const struct state_node *record)
{
	if (record->version > RECORD_FORM)
		return engine_refuse(e, -EPROTONOSUPPORT,
				     "a newer overlayd wrote the store: its form is %u, and this "
				     "one knows those up to %d",
				     (unsigned)record->version, RECORD_FORM);
	e->node_id = record->node_id;
	e->imported = record->imported;
	return 0;
}

int engine_restore(struct engine *e, const struct state_record *record)
{
	switch (record->kind) {
	case STATE_RECORD_NODE:
		return restore_node(e, &record->node);
	case STATE_RECORD_GLOBAL:
		return restore_global(e, &record->global);
	case STATE_RECORD_SERVICE:
		return restore_service(e, &record->service);
	case STATE_RECORD_PEER:
		return restore_peer(e, &record->peer);
	case STATE_RECORD_ATTACHMENT:
		return restore_attachment(e, &record->attachment);
	case STATE_RECORD_LEASE:
		return restore_lease(e, &record->lease);
	case STATE_RECORD_IDENTITY:
		return imported_restore(e, &record->identity);
	case STATE_RECORD_SETTING:
		return 0;
	}
	return 0;
}
