/* All peers of a tunnel at once: what is to be is a set of its own, beside the one that is. */
#include <errno.h>
#include <stdlib.h>

#include "server/engine/doubt.h"
#include "server/engine/peer.h"
#include "server/engine/record.h"

/* Most peers of one change that the tunnel is told: a device in userspace takes 100 us for a new
 * one, and answers nobody meanwhile. */
#define TOLD_MAX 32

/* Room for the lists of a change: one more peer always fits. */
#define LISTS_MAX (4 * PEER_ALLOWED_MAX)

/* A walk through both sets by key. */
struct pairs {
	struct tree_walk was_walk, next_walk;
	struct tree_node *was, *next;
};

enum stage {
	STAGE_BUILD,
	STAGE_PLAN,
	STAGE_PLANNED,
	STAGE_TELL,        /* what is new or changed */
	STAGE_TELL_GONE,   /* what goes: its prefixes have their new owners by now */
	STAGE_TELL_DOUBTS, /* strangers that the tunnel may have */
	STAGE_TOLD,
	STAGE_NOTE,
	STAGE_FREE_PREFIXES,
	STAGE_FREE_PEERS,
};

struct peer_sync {
	struct intent intent;
	struct peer_set *set;
	struct peer_set next; /* what is to be; when that stands, what was */
	struct sync_counts counts;
	enum stage stage;
	struct pairs pairs;
	struct tree_walk walk; /* of the set that goes */
	struct tree_node *at;
	size_t n_doubts; /* that were told */
	bool doubt;
	struct tunnel_peer told[TOLD_MAX];
	size_t n_told;
	struct ovd_cidr *lists; /* of what is told */
	size_t n_lists;
};

static struct peer_sync *sync_of(const struct intent *intent)
{
	return CONTAINER_OF(intent, struct peer_sync, intent);
}

/* ---- both sets ---- */

static struct peer *peer_at(struct tree_node *node)
{
	return node ? CONTAINER_OF(node, struct peer, node) : NULL;
}

static void pairs_begin(struct peer_sync *s)
{
	s->pairs.was = tree_first(&s->pairs.was_walk, s->set->root);
	s->pairs.next = tree_first(&s->pairs.next_walk, s->next.root);
}

/* What has the next key: in what was, in what is to be, or in both. */
static bool pairs_take(struct pairs *p, struct peer **ret_was, struct peer **ret_next)
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

static int copy_guests(struct engine *e, struct peer_sync *s)
{
	struct tree_node *at;
	struct tree_walk walk;
	int r = 0;

	for (at = tree_first(&walk, s->set->root); at && r == 0; at = tree_next(&walk)) {
		const struct peer *was = peer_at(at);
		struct peer *copy;

		if (!was->guest)
			continue;
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
	int r = peer_check(e, &spec->key, spec->allowed, spec->n_allowed);

	if (r == 0)
		r = peer_check_guest(e, there, false);
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

/* ---- what the tunnel is told ---- */

static void tell_gone(struct peer_sync *s, const struct ovd_key *key)
{
	s->told[s->n_told++] = (struct tunnel_peer){ .key = *key, .remove = true };
}

/* A prefix that another peer has, or is to have, is taken by telling that. */
static void tell_difference(struct peer_sync *s, const struct peer *was, const struct peer *next)
{
	struct ovd_cidr *lists = s->lists + s->n_lists;
	struct tunnel_peer *told = &s->told[s->n_told++];
	const struct prefix *record;

	*told = (struct tunnel_peer){
		.key = next->key,
		.has_endpoint = next->has_endpoint && !peer_same_endpoint(was, next),
		.endpoint = next->endpoint,
		.has_keepalive = was->keepalive != next->keepalive,
		.keepalive = next->keepalive,
		.allowed = lists,
	};
	for (size_t i = 0; i < next->n_allowed; i++) {
		record = prefix_find(&s->set->allowed, &next->allowed[i]);
		if (!record || record->owner != was)
			lists[told->n_allowed++] = next->allowed[i];
	}
	told->removed = lists + told->n_allowed;
	for (size_t i = 0; i < was->n_allowed; i++)
		if (!prefix_find(&s->next.allowed, &was->allowed[i]))
			lists[told->n_allowed + told->n_removed++] = was->allowed[i];
	s->n_lists += told->n_allowed + told->n_removed;
}

static void tell_changed(struct peer_sync *s, const struct peer *was, const struct peer *next)
{
	if (next->unsure)
		tell_gone(s, &next->key);
	if (!was || next->unsure)
		s->told[s->n_told++] = peer_for_tunnel(next);
	else
		tell_difference(s, was, next);
}

/* Strangers: the others are told in full. */
static bool tell_doubt(struct peer_sync *s)
{
	const struct ovd_key *key;

	if (s->n_doubts == s->set->n_doubted)
		return false;
	key = &s->set->doubted[s->n_doubts++];
	if (!peer_find(s->set, key) && !peer_find(&s->next, key))
		tell_gone(s, key);
	return true;
}

/* False: there is nothing more in this stage. */
static bool tell_one(struct peer_sync *s)
{
	struct peer *was, *next;

	if (s->stage == STAGE_TELL_DOUBTS)
		return tell_doubt(s);
	if (!pairs_take(&s->pairs, &was, &next))
		return false;
	if (s->stage == STAGE_TELL && next && next->differs)
		tell_changed(s, was, next);
	else if (s->stage == STAGE_TELL_GONE && !next)
		tell_gone(s, &was->key);
	return true;
}

/* There is room for one more peer, whatever it is told. */
static bool has_room(const struct peer_sync *s)
{
	return s->n_told + 2 <= TOLD_MAX && s->n_lists <= LISTS_MAX - 2 * PEER_ALLOWED_MAX;
}

int engine_sync_tell(struct engine *e, struct intent *sync, size_t most,
		     struct tunnel_change *change)
{
	struct peer_sync *s = sync_of(sync);

	if (!s->lists)
		s->lists = spare_take(&e->spare, LISTS_MAX * sizeof(*s->lists));
	if (!s->lists)
		return -ENOMEM;
	if (s->stage == STAGE_PLANNED) {
		s->stage = peers_way(e, s->set).up ? STAGE_TELL : STAGE_TOLD;
		pairs_begin(s);
	}
	s->n_told = s->n_lists = 0;
	for (size_t i = 0; i < most && s->stage < STAGE_TOLD && has_room(s); i++) {
		if (tell_one(s))
			continue;
		s->stage++;
		pairs_begin(s);
	}
	*change = (struct tunnel_change){ .peers = s->told, .n_peers = s->n_told };
	return s->stage < STAGE_TOLD;
}

void engine_sync_doubt(struct intent *sync)
{
	sync_of(sync)->doubt = true;
}

/* ---- the end ---- */

static void note(struct engine *e, struct peer_sync *s, struct peer *was, struct peer *next,
		 bool stands)
{
	struct peer *stays = stands ? next : was;
	bool noted = (was ? was : next)->unsure;

	if (next && !next->differs)
		return;
	if (stands)
		record_tell_peer(e, next ? next : was, next);
	if (s->doubt && !noted)
		doubt_add(s->set, was ? &was->key : &next->key);
	if (stays && (stands || s->doubt))
		stays->unsure = s->doubt;
	if (stands && next)
		next->differs = false;
}

static void swap(struct peer_sync *s)
{
	struct peer_set was = *s->set;

	s->set->root = s->next.root;
	s->set->allowed = s->next.allowed;
	s->set->n = s->next.n;
	s->next.root = was.root;
	s->next.allowed = was.allowed;
	s->next.n = was.n;
	if (!s->doubt)
		doubts_end(s->set, true);
}

/* False: there is nothing more in this stage. */
static bool end_one(struct engine *e, struct peer_sync *s, bool stands)
{
	struct tree_node *at = s->at;
	struct peer *was, *next;

	if (s->stage == STAGE_NOTE) {
		if (!pairs_take(&s->pairs, &was, &next))
			return false;
		note(e, s, was, next, stands);
		return true;
	}
	if (!at)
		return false;
	s->at = tree_next(&s->walk);
	if (s->stage == STAGE_FREE_PREFIXES)
		spare_give(&e->spare, CONTAINER_OF(at, struct prefix, node), sizeof(struct prefix));
	else
		peer_free(e, peer_at(at));
	return true;
}

static void end_next_stage(struct peer_sync *s, bool stands)
{
	if (s->stage == STAGE_NOTE && stands)
		swap(s);
	s->at = tree_first(&s->walk, s->stage == STAGE_NOTE ? s->next.allowed.root : s->next.root);
	s->stage++;
}

bool engine_sync_end(struct engine *e, struct intent *sync, bool stands, size_t most)
{
	struct peer_sync *s = sync_of(sync);

	if (s->stage < STAGE_NOTE) {
		s->stage = stands || s->doubt ? STAGE_NOTE : STAGE_FREE_PREFIXES;
		pairs_begin(s);
		s->at = tree_first(&s->walk, s->next.allowed.root);
	}
	for (size_t i = 0; i < most; i++) {
		if (end_one(e, s, stands))
			continue;
		if (s->stage == STAGE_FREE_PEERS)
			break;
		end_next_stage(s, stands);
	}
	if (s->stage < STAGE_FREE_PEERS || s->at)
		return true;
	s->set->syncing = false;
	s->set->n_busy--;
	spare_give(&e->spare, s->lists, LISTS_MAX * sizeof(*s->lists));
	spare_give(&e->spare, s, sizeof(*s));
	return false;
}
