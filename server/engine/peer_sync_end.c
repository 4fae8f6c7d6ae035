/* What the tunnel is told by a sync, and what becomes of it. */
#include <errno.h>
#include <stdlib.h>

#include "server/engine/doubt.h"
#include "server/engine/peer_sync.h"
#include "server/engine/record.h"

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
		record_tell_peer(e, s->set, next ? next : was, next);
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
