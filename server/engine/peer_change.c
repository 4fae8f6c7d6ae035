#include "server/engine/peer_change.h"

#include <errno.h>

#include "server/engine/doubt.h"
#include "server/engine/record.h"

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

static void release_all(struct peer_intent *i)
{
	for (size_t n = 0; n < i->n_added; n++) {
		struct peer *loser = loser_at(i, n);

		if (loser && loser->busy) /* it may lose another one, too */
			peer_release(i->set, loser);
	}
	if (i->peer)
		peer_release(i->set, i->peer);
}

bool peer_must_wait(const struct engine *e, const struct peer_set *set, const struct peer *peer)
{
	return peers_are_busy(e, set) || (peer && peer->busy);
}

static void change_commit(struct engine *e, struct intent *intent)
{
	struct peer_intent *i = CONTAINER_OF(intent, struct peer_intent, intent);

	release_all(i);
	for (size_t n = 0; n < i->n_added; n++) {
		struct peer *loser = loser_at(i, n);

		if (loser) {
			peer_lose(loser, &i->added[n]);
			record_tell_peer(e, i->set, loser, true);
		}
	}
	for (size_t n = 0; n < i->n_removed; n++)
		peer_unclaim(e, i->set, prefix_find(&i->set->allowed, &i->removed[n]));
	if (i->peer)
		record_tell_peer(e, i->set, i->next ? i->next : i->peer, i->next);
	if (i->next)
		peer_replace(e, i->set, i->peer, i->next);
	else if (i->peer)
		peer_delete(e, i->set, i->peer);
	i->next = NULL;
	intent_free(e, i);
}

static void change_drop(struct engine *e, struct intent *intent)
{
	struct peer_intent *i = CONTAINER_OF(intent, struct peer_intent, intent);

	release_all(i);
	for (size_t n = 0; n < i->n_added; n++)
		if (!loser_at(i, n))
			peer_unclaim(e, i->set, i->records[n]);
	if (i->is_new)
		peer_delete(e, i->set, i->peer);
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
		int r = peer_claim(e, i->set, i->peer, &cidr, &record);

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
		if (!prefix_find(&i->set->allowed, &was->allowed[k])->marked)
			i->removed[i->n_removed++] = was->allowed[k];
	for (size_t k = 0; next && k < next->n_allowed; k++)
		prefix_find(&i->set->allowed, &next->allowed[k])->marked = false;
	return r;
}

static void hold_losers(const struct peer_intent *i)
{
	for (size_t n = 0; n < i->n_added; n++) {
		struct peer *loser = loser_at(i, n);

		if (loser && !loser->busy)
			peer_hold(i->set, loser);
	}
}

static int plan_routes(const struct engine *e, const struct peer_intent *i, struct plan *plan)
{
	struct tunnel_way way = peers_way(e, i->set);
	int r = 0;

	for (size_t n = 0; n < i->n_added && r == 0; n++)
		r = peer_plan_route(i->peer, &way, STEP_ROUTE, false, &i->added[n], plan);
	for (size_t n = 0; n < i->n_removed && r == 0; n++)
		r = peer_plan_route(i->peer, &way, STEP_ROUTE_DELETE, false, &i->removed[n], plan);
	return r;
}

static struct tunnel_peer difference(const struct peer_intent *i)
{
	const struct peer *next = i->next;

	return (struct tunnel_peer){
		.key = i->peer->key,
		.has_endpoint =
			next->has_endpoint && (i->is_new || !peer_same_endpoint(next, i->peer)),
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
	if (!peers_way(e, i->set).up)
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

int peer_change_begin(struct engine *e, struct peer_set *set, struct peer *peer, struct peer *next,
		      bool is_new, struct plan *plan, struct tunnel_change *change,
		      struct intent **ret)
{
	struct peer_intent *i = spare_take(&e->spare, sizeof(*i));
	int r;

	if (!i) {
		peer_free(e, next);
		if (is_new)
			peer_delete(e, set, peer);
		return -ENOMEM;
	}
	*i = (struct peer_intent){ { .commit = change_commit, .drop = change_drop },
				   .set = set,
				   .peer = peer,
				   .next = next,
				   .is_new = is_new };
	peer_hold(set, peer);
	r = collect_differences(e, i);
	if (r == 0) {
		hold_losers(i);
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

int peer_change_stranger(struct engine *e, struct peer_set *set, const struct ovd_key *key,
			 struct tunnel_change *change, struct intent **ret)
{
	struct peer_intent *i = spare_take(&e->spare, sizeof(*i));

	if (!i)
		return -ENOMEM;
	*i = (struct peer_intent){ { .commit = change_commit, .drop = change_drop },
				   .set = set,
				   .told = { { .key = *key, .remove = true } } };
	*change = (struct tunnel_change){ .peers = i->told, .n_peers = 1 };
	*ret = &i->intent;
	return 0;
}

void engine_peer_doubt(struct engine *e _unused_, struct intent *intent)
{
	struct peer_intent *i = CONTAINER_OF(intent, struct peer_intent, intent);

	doubt_note(i->set, i->peer ? &i->peer->key : &i->told[0].key);
	for (size_t n = 0; n < i->n_added; n++) {
		struct peer *loser = i->records[n]->owner;

		doubt_note(i->set, &loser->key);
		loser->unsure = true;
	}
	if (i->peer)
		i->peer->unsure = true;
	if (i->next)
		i->next->unsure = true;
}
