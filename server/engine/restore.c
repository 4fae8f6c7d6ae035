/* Records that were read become what they were written of. */
#include <errno.h>

#include "server/engine/peer.h"
#include "server/engine/record.h"

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

static int restore_peer(struct engine *e, const struct state_peer *record)
{
	struct ovd_cidr allowed[PEER_ALLOWED_MAX];
	struct peer_spec spec = { .keepalive = record->keepalive, .allowed = allowed };
	struct tunnel_change change;
	struct intent *intent;
	struct plan plan = { .n = 0 };
	int r;

	if (key_parse(record->key, &spec.key) < 0 || record->allowed.n > PEER_ALLOWED_MAX)
		return malformed(e, "its key or its prefixes are none");
	for (size_t i = 0; i < record->allowed.n; i++)
		if (!record_cidr(&record->allowed.items[i], &allowed[spec.n_allowed++]))
			return malformed(e, "its prefixes are none");
	spec.has_endpoint = endpoint_parse(record->endpoint, &spec.endpoint) == 0;
	if (!spec.has_endpoint)
		spec.host = record->endpoint;
	r = engine_peer_set(e, &spec, &plan, &change, &intent);
	if (r == 0)
		engine_commit(e, intent);
	plan_done(&plan); /* the tunnel is given all peers with their routes */
	return r == -EALREADY ? 0 : r;
}

static int restore_lease(struct engine *e, const struct state_lease *record)
{
	struct pool *pool = pool_of(e, &record->ip);

	if (!pool || pool_claim(pool, &record->ip) < 0)
		return malformed(e, "its address is nobody's, or another's");
	pool_lend(pool, &record->ip);
	return 0;
}

int engine_restore(struct engine *e, const struct state_record *record)
{
	switch (record->kind) {
	case STATE_RECORD_NODE:
		e->node_id = record->node.node_id;
		e->imported = record->node.imported;
		return 0;
	case STATE_RECORD_GLOBAL:
		return restore_global(e, &record->global);
	case STATE_RECORD_SERVICE:
		return service_restore(e, &record->service);
	case STATE_RECORD_PEER:
		return restore_peer(e, &record->peer);
	case STATE_RECORD_ATTACHMENT:
		return attachment_restore(e, &record->attachment);
	case STATE_RECORD_LEASE:
		return restore_lease(e, &record->lease);
	case STATE_RECORD_SETTING:
		return 0;
	}
	return 0;
}
