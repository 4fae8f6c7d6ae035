/* All peers of a tunnel at once: what is to be is a set of its own, beside the one that is. */
#include "server/engine/peer_sync.h"

#include <errno.h>
#include <stdlib.h>

#include "server/engine/doubt.h"

struct peer_sync *sync_of(const struct intent *intent)
{
	return CONTAINER_OF(intent, struct peer_sync, intent);
}

/* ---- both sets ---- */

struct peer *peer_at(struct tree_node *node)
{
	return node ? CONTAINER_OF(node, struct peer, node) : NULL;
}

void pairs_begin(struct peer_sync *s)
{
	s->pairs.was = tree_first(&s->pairs.was_walk, s->set->root);
	s->pairs.next = tree_first(&s->pairs.next_walk, s->next.root);
}

bool pairs_take(struct pairs *p, struct peer **ret_was, struct peer **ret_next)
{
	struct peer *was = peer_at(p->was), *next = peer_at(p->next);
	int order = !next ? -1 : !was ? 1 : peer_compare(was, next);

	if (!was && !next)
		return false;
	*ret_was = order <= 0 ? was : NULL;
	*ret_next = order >= 0 ? next : NULL;
	if (*ret_was)
		p->was = tree_next(&p->was_walk);
	if (*ret_next)
		p->next = tree_next(&p->next_walk);
	return true;
}

/* ---- what is to be ---- */

/* -EALREADY: the peer has it by now. -EEXIST: another one has. */
static int claim(struct engine *e, struct peer_sync *s, struct peer *peer,
		 const struct ovd_cidr *cidr)
{
	struct prefix *record = spare_take(&e->spare, sizeof(*record)), *there;
	char text[CIDR_TEXT_MAX], key[KEY_TEXT_MAX];
	const struct peer *owner;

	if (!record)
		return -ENOMEM;
	*record = (struct prefix){ .cidr = *cidr, .owner = peer };
	there = prefix_insert(&s->next.allowed, record);
	if (there == record)
		return 0;
	spare_give(&e->spare, record, sizeof(*record));
	owner = there->owner;
	if (owner == peer)
		return -EALREADY;
	return engine_refuse(e, -EEXIST, "%s is in the allowed_ips of %s %s too",
			     cidr_format(cidr, text), owner->guest ? "the guest" : "the peer",
			     key_format(&owner->key, key));
}

/* Puts the peer in, which is the set's from then on; each of its prefixes once. */
static int insert(struct engine *e, struct peer_sync *s, struct peer *peer)
{
	size_t n = peer->n_allowed;

	peer->n_allowed = 0;
	peer_insert(&s->next, peer);
	for (size_t i = 0; i < n; i++) {
		struct ovd_cidr cidr = peer->allowed[i];
		int r = claim(e, s, peer, &cidr);

		if (r == 0)
			peer->allowed[peer->n_allowed++] = cidr;
		else if (r != -EALREADY)
			return r;
	}
	return 0;
}

/* Mostly there are none, and then nobody waits for a walk through all peers. */
static int copy_guests(struct engine *e, struct peer_sync *s)
{
	size_t left = s->set->n_guests;
	struct tree_node *at;
	struct tree_walk walk;
	int r = 0;

	if (left == 0)
		return 0;
	for (at = tree_first(&walk, s->set->root); left > 0 && r == 0; at = tree_next(&walk)) {
		const struct peer *was = peer_at(at);
		struct peer *copy;

		if (!was->guest)
			continue;
		left--;
		copy = peer_copy(e, &was->key, was->allowed, was->n_allowed, 0);
		if (!copy)
			return -ENOMEM;
		copy->guest = true;
		copy->unsure = was->unsure;
		copy->has_endpoint = was->has_endpoint;
		copy->endpoint = was->endpoint;
		copy->keepalive = was->keepalive;
		r = insert(e, s, copy);
	}
	return r;
}

static void commit(struct engine *e, struct intent *intent)
{
	engine_sync_end(e, intent, true, SIZE_MAX);
}

static void drop(struct engine *e, struct intent *intent)
{
	engine_sync_end(e, intent, false, SIZE_MAX);
}

int engine_sync_begin(struct engine *e, struct ovd_view service, struct intent **ret)
{
	struct peer_sync *s;
	struct peer_set *set;
	int r = peers_of(e, service, &set);

	if (r < 0)
		return r;
	set->waits = set->n_busy > 0;
	if (peers_are_busy(e, set))
		return -EINPROGRESS;
	s = spare_take(&e->spare, sizeof(*s));
	if (!s)
		return -ENOMEM;
	*s = (struct peer_sync){ .intent = { .commit = commit, .drop = drop }, .set = set };
	set->syncing = true;
	set->n_busy++;
	r = copy_guests(e, s);
	if (r < 0) {
		drop(e, &s->intent);
		return r;
	}
	*ret = &s->intent;
	return 0;
}

static int check(struct engine *e, const struct peer_sync *s, const struct peer_spec *spec)
{
	const struct peer *there = peer_find(&s->next, &spec->key);
	char key[KEY_TEXT_MAX];
	int r = peer_check(e, s->set, &spec->key, spec->allowed, spec->n_allowed);

	if (r == 0)
		r = peer_check_guest(e, there, false);
	if (r == 0)
		r = peer_check_routes(e, s->set, spec->allowed, spec->n_allowed);
	if (r == -EINPROGRESS) /* others wait for us */
		r = -EEXIST;
	if (r == 0 && there)
		return engine_refuse(e, -EEXIST, "the key %s is listed twice",
				     key_format(&spec->key, key));
	if (r == 0 && s->next.n >= PEERS_MAX)
		return engine_refuse(e, -ENOSPC, "more than %d peers", PEERS_MAX);
	return r;
}

int engine_sync_want(struct engine *e, struct intent *sync, const struct peer_spec *spec)
{
	struct peer_sync *s = sync_of(sync);
	const struct peer *was = peer_find(s->set, &spec->key);
	struct peer *next;
	int r = check(e, s, spec);

	if (r < 0)
		return r;
	next = peer_copy(e, &spec->key, spec->allowed, spec->n_allowed, 0);
	if (!next)
		return -ENOMEM;
	r = peer_set_endpoint(e, next, was, spec);
	if (r < 0) {
		peer_free(e, next);
		return r;
	}
	next->unsure = was ? was->unsure : doubt_has(s->set, &spec->key);
	return insert(e, s, next);
}

/* ---- what differs ---- */

static bool same_prefixes(const struct peer_sync *s, const struct peer *was,
			  const struct peer *next)
{
	const struct prefix *record;

	if (was->n_allowed != next->n_allowed)
		return false;
	for (size_t i = 0; i < next->n_allowed; i++) {
		if (cidr_eq(&was->allowed[i], &next->allowed[i]))
			continue;
		record = prefix_find(&s->set->allowed, &next->allowed[i]);
		if (!record || record->owner != was)
			return false;
	}
	return true;
}

static bool is_same(const struct peer_sync *s, const struct peer *was, const struct peer *next)
{
	return !next->unsure && was->keepalive == next->keepalive &&
	       peer_same_endpoint(was, next) && same_prefixes(s, was, next);
}

static void count(struct peer_sync *s, const struct peer *was, struct peer *next)
{
	struct sync_counts *c = &s->counts;

	if ((next ? next : was)->guest)
		return;
	if (next)
		next->differs = !was || !is_same(s, was, next);
	if (!next)
		c->removed++;
	else if (!was)
		c->added++;
	else if (next->differs)
		c->changed++;
	else
		c->kept++;
}

/* Of the peer's prefixes that the other set doesn't have. */
static int plan_routes(const struct peer *peer, const struct prefix_set *other,
		       const struct tunnel_way *way, enum step_kind kind, struct plan *plan)
{
	int r = 0;

	for (size_t i = 0; i < peer->n_allowed && r == 0; i++)
		if (!prefix_find(other, &peer->allowed[i]))
			r = peer_plan_route(peer, way, kind, false, &peer->allowed[i], plan);
	return r;
}

int engine_sync_plan(struct engine *e, struct intent *sync, size_t most, struct plan *plan)
{
	struct peer_sync *s = sync_of(sync);
	const struct tunnel_way way = peers_way(e, s->set);
	struct peer *was, *next;
	int r = 0;

	if (s->stage == STAGE_BUILD)
		pairs_begin(s);
	s->stage = STAGE_PLAN;
	plan->patient = true;
	for (size_t i = 0; i < most && r == 0; i++) {
		if (!pairs_take(&s->pairs, &was, &next)) {
			s->stage = STAGE_PLANNED;
			return 0;
		}
		count(s, was, next);
		if (next && next->differs)
			r = plan_routes(next, &s->set->allowed, &way, STEP_ROUTE, plan);
		if (was && r == 0 && (!next || next->differs))
			r = plan_routes(was, &s->next.allowed, &way, STEP_ROUTE_DELETE, plan);
	}
	return r < 0 ? r : 1;
}

struct sync_counts engine_sync_counts(const struct intent *sync)
{
	return sync_of(sync)->counts;
}
