#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "server/engine/doubt.h"
#include "server/engine/peer.h"
#include "server/engine/record.h"

/* From what a peer is to what it is to be. */
struct peer_intent {
	struct intent intent;
	struct peer *peer;      /* in the tree; NULL: only the tunnel may know it */
	struct peer *next;      /* its contents afterwards; NULL if it goes */
	bool is_new;            /* put into the tree for the intent */
	struct ovd_cidr *added; /* what the tunnel is told, in one piece of memory with `removed` */
	struct ovd_cidr *removed;
	struct prefix **records; /* of `added`; peers that have one so far are busy too */
	size_t n_added, n_removed;
	size_t room;                /* for so many, added and removed */
	struct tunnel_peer told[2]; /* that it goes, for a peer that is unsure; what it is to be */
};

static void intent_free(struct engine *e, struct peer_intent *i)
{
	peer_free(e, i->next);
	spare_give(&e->spare, i->added, i->room * sizeof(*i->added));
	spare_give(&e->spare, i->records, i->room * sizeof(struct prefix *));
	spare_give(&e->spare, i, sizeof(*i));
}

/* Who has a prefix that is added; NULL if it is nobody but the peer. */
static struct peer *loser_at(const struct peer_intent *i, size_t n)
{
	struct peer *owner = i->records[n]->owner;

	return owner != i->peer ? owner : NULL;
}

static void release_all(struct engine *e, struct peer_intent *i)
{
	for (size_t n = 0; n < i->n_added; n++) {
		struct peer *loser = loser_at(i, n);

		if (loser && loser->busy) /* it may lose another one, too */
			peer_release(e, loser);
	}
	if (i->peer)
		peer_release(e, i->peer);
}

/* The tunnel and its peers never change at the same time: the tunnel is given all of them. */
static bool must_wait(const struct engine *e, const struct peer *peer)
{
	return e->global.busy || e->global_waits || (peer && peer->busy);
}

static void change_commit(struct engine *e, struct intent *intent)
{
	struct peer_intent *i = CONTAINER_OF(intent, struct peer_intent, intent);

	release_all(e, i);
	for (size_t n = 0; n < i->n_added; n++) {
		struct peer *loser = loser_at(i, n);

		if (loser) {
			peer_lose(loser, &i->added[n]);
			record_tell_peer(e, loser, true);
		}
		i->records[n]->owner = i->peer;
	}
	for (size_t n = 0; n < i->n_removed; n++)
		peer_unclaim(e, prefix_find(&e->allowed, &i->removed[n]));
	if (i->peer)
		record_tell_peer(e, i->next ? i->next : i->peer, i->next);
	if (i->next) {
		struct peer was = *i->peer;

		i->next->node = was.node; /* it takes its place in the tree */
		*i->peer = *i->next;
		*i->next = was;
	} else if (i->peer) {
		peer_delete(e, i->peer);
	}
	intent_free(e, i);
}

static void change_drop(struct engine *e, struct intent *intent)
{
	struct peer_intent *i = CONTAINER_OF(intent, struct peer_intent, intent);

	release_all(e, i);
	for (size_t n = 0; n < i->n_added; n++)
		if (!loser_at(i, n))
			peer_unclaim(e, i->records[n]);
	if (i->is_new)
		peer_delete(e, i->peer);
	intent_free(e, i);
}

/* What is added; of a prefix that is listed twice one stays. The records of the whole list are
 * marked, however far it comes. */
static int collect_added(struct engine *e, struct peer_intent *i)
{
	size_t n = i->next->n_allowed;

	i->next->n_allowed = 0;
	for (size_t k = 0; k < n; k++) {
		struct ovd_cidr cidr = i->next->allowed[k];
		struct prefix *record;
		int r = peer_claim(e, i->peer, &cidr, &record);

		if (r < 0)
			return r;
		if (record->marked)
			continue;
		record->marked = true;
		i->next->allowed[i->next->n_allowed++] = cidr;
		if (record->owner == i->peer)
			continue;
		if (!record->owner)
			record->owner = i->peer;
		i->records[i->n_added] = record;
		i->added[i->n_added++] = cidr;
	}
	return 0;
}

static int collect_differences(struct engine *e, struct peer_intent *i)
{
	const struct peer *was = i->peer, *next = i->next;
	int r = 0;

	i->room = was->n_allowed + (next ? next->n_allowed : 0u);
	i->added = spare_take(&e->spare, i->room * sizeof(*i->added));
	i->records = spare_take(&e->spare, i->room * sizeof(struct prefix *));
	if (!i->added || !i->records)
		return -ENOMEM;
	if (next)
		r = collect_added(e, i);
	i->removed = i->added + i->n_added;
	for (size_t k = 0; k < was->n_allowed && r == 0; k++)
		if (!prefix_find(&e->allowed, &was->allowed[k])->marked)
			i->removed[i->n_removed++] = was->allowed[k];
	for (size_t k = 0; next && k < next->n_allowed; k++)
		prefix_find(&e->allowed, &next->allowed[k])->marked = false;
	return r;
}

static void hold_losers(struct engine *e, const struct peer_intent *i)
{
	for (size_t n = 0; n < i->n_added; n++) {
		struct peer *loser = loser_at(i, n);

		if (loser && !loser->busy)
			peer_hold(e, loser);
	}
}

static int plan_routes(const struct engine *e, const struct peer_intent *i, struct plan *plan)
{
	int r = 0;

	for (size_t n = 0; n < i->n_added && r == 0; n++)
		r = peer_plan_route(i->peer, &e->global, STEP_ROUTE, false, &i->added[n], plan);
	for (size_t n = 0; n < i->n_removed && r == 0; n++)
		r = peer_plan_route(i->peer, &e->global, STEP_ROUTE_DELETE, false, &i->removed[n],
				    plan);
	return r;
}

static bool same_endpoint(const struct peer *a, const struct peer *b)
{
	if (a->host || b->host)
		return view_eq(view(a->host), view(b->host));
	return a->has_endpoint == b->has_endpoint && endpoint_eq(&a->endpoint, &b->endpoint);
}

static struct tunnel_peer difference(const struct peer_intent *i)
{
	const struct peer *next = i->next;

	return (struct tunnel_peer){
		.key = i->peer->key,
		.has_endpoint = next->has_endpoint && (i->is_new || !same_endpoint(next, i->peer)),
		.endpoint = next->endpoint,
		.has_keepalive = i->is_new || next->keepalive != i->peer->keepalive,
		.keepalive = next->keepalive,
		.allowed = i->added,
		.n_allowed = i->n_added,
		.removed = i->removed,
		.n_removed = i->n_removed,
	};
}

static void fill_change(const struct engine *e, struct peer_intent *i, struct tunnel_change *change)
{
	const struct tunnel_peer goes = { .key = i->peer->key, .remove = true };

	*change = (struct tunnel_change){ .n_peers = 0 };
	if (!e->global.up)
		return;
	if (i->next && i->peer->unsure) {
		i->told[0] = goes;
		i->told[1] = peer_for_tunnel(i->next);
		*change = (struct tunnel_change){ .peers = i->told, .n_peers = 2 };
		return;
	}
	i->told[1] = i->next ? difference(i) : goes;
	*change = (struct tunnel_change){ .peers = &i->told[1], .n_peers = 1 };
}

/* From the peer as it is to `next`, which the intent takes over also when it fails. */
static int change_begin(struct engine *e, struct peer *peer, struct peer *next, bool is_new,
			struct plan *plan, struct tunnel_change *change, struct intent **ret)
{
	struct peer_intent *i = spare_take(&e->spare, sizeof(*i));
	int r;

	if (!i) {
		peer_free(e, next);
		if (is_new)
			peer_delete(e, peer);
		return -ENOMEM;
	}
	*i = (struct peer_intent){ { .commit = change_commit, .drop = change_drop },
				   .peer = peer,
				   .next = next,
				   .is_new = is_new };
	peer_hold(e, peer);
	r = collect_differences(e, i);
	if (r == 0) {
		hold_losers(e, i);
		r = plan_routes(e, i, plan);
	}
	if (r < 0) {
		change_drop(e, &i->intent);
		return r;
	}
	fill_change(e, i, change);
	*ret = &i->intent;
	return 0;
}

/* Of the key and the list, with room for some more prefixes. */
static struct peer *peer_copy(struct engine *e, const struct ovd_key *key,
			      const struct ovd_cidr *allowed, size_t n, size_t more)
{
	struct peer *peer = peer_new(e, key, n + more);

	if (!peer)
		return NULL;
	if (n > 0)
		memcpy(peer->allowed, allowed, n * sizeof(*allowed));
	peer->n_allowed = (uint16_t)n;
	return peer;
}

static int set_endpoint(struct engine *e, struct peer *next, const struct peer *was,
			const struct peer_spec *spec)
{
	next->keepalive = spec->keepalive;
	next->has_endpoint = spec->has_endpoint;
	next->endpoint = spec->endpoint;
	if (!spec->host.p)
		return 0;
	next->host = spare_take(&e->spare, spec->host.n + 1);
	if (!next->host)
		return -ENOMEM;
	memcpy(next->host, spec->host.p, spec->host.n);
	if (was && was->host &&
	    strcmp(was->host, next->host) ==
		    0) { /* what it resolved to last stays good until the next answer */
		next->has_endpoint = was->has_endpoint;
		next->endpoint = was->endpoint;
	}
	return 0;
}

/* The peer is surely as the spec wants it. What a host name resolves to doesn't count. */
static bool is_so(struct engine *e, const struct peer *peer, const struct peer_spec *spec)
{
	if (peer->unsure || !view_eq(view(peer->host), spec->host) ||
	    peer->keepalive != spec->keepalive)
		return false;
	if (!spec->host.p && (peer->has_endpoint != spec->has_endpoint ||
			      !endpoint_eq(&peer->endpoint, &spec->endpoint)))
		return false;
	return peer_has_just(e, peer, spec->allowed, spec->n_allowed);
}

int engine_peer_set(struct engine *e, const struct peer_spec *spec, struct plan *plan,
		    struct tunnel_change *change, struct intent **ret)
{
	struct peer *peer = peer_find(e, &spec->key), *next;
	bool is_new = !peer;
	int r = peer_check(e, &spec->key, spec->allowed, spec->n_allowed);

	if (r == 0)
		r = peer_check_guest(e, peer, spec->guest);
	if (r < 0)
		return r;
	if (must_wait(e, peer))
		return -EINPROGRESS;
	if (peer && is_so(e, peer, spec))
		return -EALREADY;
	if (is_new && e->n_peers >= PEERS_MAX)
		return engine_refuse(e, -ENOSPC, "%d peers are known, and no more can be",
				     PEERS_MAX);
	next = peer_copy(e, &spec->key, spec->allowed, spec->n_allowed, 0);
	if (!next)
		return -ENOMEM;
	next->guest = spec->guest;
	r = set_endpoint(e, next, peer, spec);
	if (r == 0 && is_new) { /* an empty one, for the intent that fills it */
		peer = peer_new(e, &spec->key, 0);
		r = peer ? 0 : -ENOMEM;
		if (peer) {
			peer->unsure = doubt_has(e, &spec->key);
			peer->guest = spec->guest;
		}
	}
	if (r < 0) {
		peer_free(e, next);
		return r;
	}
	if (is_new)
		peer_insert(e, peer);
	return change_begin(e, peer, next, is_new, plan, change, ret);
}

/* A tunnel that was taken over may have peers of an earlier life. */
static int remove_stranger(struct engine *e, const struct ovd_key *key,
			   struct tunnel_change *change, struct intent **ret)
{
	struct peer_intent *i = spare_take(&e->spare, sizeof(*i));

	if (!i)
		return -ENOMEM;
	*i = (struct peer_intent){ { .commit = change_commit, .drop = change_drop },
				   .told = { { .key = *key, .remove = true } } };
	*change = (struct tunnel_change){ .peers = i->told, .n_peers = 1 };
	*ret = &i->intent;
	return 0;
}

int engine_peer_remove(struct engine *e, const struct ovd_key *key, struct plan *plan,
		       struct tunnel_change *change, struct intent **ret)
{
	int r = peer_check_guest(e, peer_find(e, key), false);

	return r == 0 ? peer_remove(e, key, plan, change, ret) : r;
}

int peer_remove(struct engine *e, const struct ovd_key *key, struct plan *plan,
		struct tunnel_change *change, struct intent **ret)
{
	struct peer *peer = peer_find(e, key);

	if (!peer && !e->global.up)
		return -EALREADY;
	if (must_wait(e, peer))
		return -EINPROGRESS;
	if (!peer)
		return remove_stranger(e, key, change, ret);
	return change_begin(e, peer, NULL, false, plan, change, ret);
}

/* A copy of everything, with room for one prefix more. */
static struct peer *peer_twin(struct engine *e, const struct peer *peer)
{
	struct peer *twin = peer_copy(e, &peer->key, peer->allowed, peer->n_allowed, 1);
	struct peer_spec spec = { .host = view(peer->host),
				  .has_endpoint = peer->has_endpoint,
				  .endpoint = peer->endpoint,
				  .keepalive = peer->keepalive };

	if (twin && set_endpoint(e, twin, peer, &spec) < 0) {
		peer_free(e, twin);
		return NULL;
	}
	return twin;
}

int engine_peer_allow(struct engine *e, const struct ovd_key *key, const struct ovd_cidr *cidr,
		      struct plan *plan, struct tunnel_change *change, struct intent **ret)
{
	struct peer *peer = peer_find(e, key), *next;
	char text[KEY_TEXT_MAX];
	bool has;
	int r;

	if (!peer)
		return engine_refuse(e, -ENOENT, "no peer has the key %s", key_format(key, text));
	r = peer_check_guest(e, peer, false);
	if (r < 0)
		return r;
	if (must_wait(e, peer))
		return -EINPROGRESS;
	has = peer_allows(peer, cidr);
	if (has && !peer->unsure)
		return -EALREADY;
	r = peer_check(e, key, cidr, 1);
	if (r < 0)
		return r;
	if (!has && peer->n_allowed >= PEER_ALLOWED_MAX)
		return engine_refuse(e, -E2BIG, "allowed_ips: more than %d prefixes",
				     PEER_ALLOWED_MAX);
	next = peer_twin(e, peer);
	if (!next)
		return -ENOMEM;
	if (!has)
		next->allowed[next->n_allowed++] = *cidr;
	return change_begin(e, peer, next, false, plan, change, ret);
}

int engine_peer_disallow(struct engine *e, const struct ovd_key *key, const struct ovd_cidr *cidr,
			 struct plan *plan, struct tunnel_change *change, struct intent **ret)
{
	struct peer *peer = peer_find(e, key), *next;
	int r = peer_check_guest(e, peer, false);

	if (r < 0)
		return r;
	if (!peer || (!peer->busy && !peer->unsure && !peer_allows(peer, cidr)))
		return -EALREADY;
	if (must_wait(e, peer))
		return -EINPROGRESS;
	next = peer_twin(e, peer);
	if (!next)
		return -ENOMEM;
	peer_lose(next, cidr);
	return change_begin(e, peer, next, false, plan, change, ret);
}

void engine_peer_doubt(struct engine *e, struct intent *intent)
{
	struct peer_intent *i = CONTAINER_OF(intent, struct peer_intent, intent);

	doubt_note(e, i->peer ? &i->peer->key : &i->told[0].key);
	for (size_t n = 0; n < i->n_added; n++) {
		struct peer *loser = i->records[n]->owner;

		doubt_note(e, &loser->key);
		loser->unsure = true;
	}
	if (i->peer)
		i->peer->unsure = true;
	if (i->next)
		i->next->unsure = true;
}

bool engine_peer_wants(const struct engine *e, const struct ovd_key *key, struct ovd_view host)
{
	const struct peer *peer = peer_find(e, key);

	return peer && view_eq(view(peer->host), host);
}

int engine_peer_resolved(struct engine *e, const struct ovd_key *key, struct ovd_view host,
			 const struct ovd_endpoint *endpoint, struct tunnel_change *change,
			 struct intent **ret)
{
	struct peer *peer = peer_find(e, key), *next;
	struct plan none = { .n = 0 };
	struct peer_intent *i;
	int r;

	if (!engine_peer_wants(e, key, host))
		return -ENOENT;
	if (must_wait(e, peer))
		return -EINPROGRESS;
	if (peer->has_endpoint && endpoint_eq(&peer->endpoint, endpoint))
		return -EALREADY;
	next = peer_twin(e, peer);
	if (!next)
		return -ENOMEM;
	next->has_endpoint = true;
	next->endpoint = *endpoint;
	r = change_begin(e, peer, next, false, &none, change, ret);
	if (r == 0) { /* the name is the same, the address isn't */
		i = CONTAINER_OF(*ret, struct peer_intent, intent);
		i->told[1].has_endpoint = true;
	}
	return r;
}
