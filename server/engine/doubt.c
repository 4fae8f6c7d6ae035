#include "server/engine/doubt.h"

#include <errno.h>
#include <stdlib.h>

#include "server/engine/peer.h"

/* What the tunnel is told of peers in doubt. */
struct doubt_intent {
	struct intent intent;
	char service[SERVICE_TEXT_MAX]; /* that may be gone when it ends; "": the node's */
	struct tunnel_peer *told;
	size_t n_told;
};

/* n_doubted: it isn't noted. What was noted last is told, and forgotten, first. */
static size_t find(const struct peer_set *set, const struct ovd_key *key)
{
	for (size_t i = set->n_doubted; i-- > 0;)
		if (key_eq(&set->doubted[i], key))
			return i;
	return set->n_doubted;
}

static void forget(struct peer_set *set, size_t i)
{
	set->doubted[i] = set->doubted[--set->n_doubted];
}

bool doubt_has(const struct peer_set *set, const struct ovd_key *key)
{
	return find(set, key) < set->n_doubted;
}

void doubt_note(struct peer_set *set, const struct ovd_key *key)
{
	if (!doubt_has(set, key))
		doubt_add(set, key);
}

void doubt_add(struct peer_set *set, const struct ovd_key *key)
{
	struct ovd_key *more;

	if (set->n_doubted >= PEERS_MAX)
		return;
	more = realloc(set->doubted, (set->n_doubted + 1) * sizeof(*more));
	if (!more)
		return;
	set->doubted = more;
	set->doubted[set->n_doubted++] = *key;
}

void doubts_end(struct peer_set *set, bool all)
{
	for (size_t i = set->n_doubted; i-- > 0;) {
		struct peer *peer = peer_find(set, &set->doubted[i]);

		if (peer)
			peer->unsure = false;
		if (peer || all)
			forget(set, i);
	}
}

static void told_commit(struct engine *e, struct intent *intent)
{
	struct doubt_intent *i = CONTAINER_OF(intent, struct doubt_intent, intent);
	struct peer_set *set;
	bool there = peers_of(e, service_tunnel(i->service), &set) == 0;

	for (size_t n = 0; there && n < i->n_told; n++) {
		struct peer *peer = peer_find(set, &i->told[n].key);
		size_t at = find(set, &i->told[n].key);

		if (peer && !peer->busy)
			peer->unsure = false;
		if (at < set->n_doubted)
			forget(set, at);
	}
	free(i->told);
	free(i);
}

static void told_drop(struct engine *e _unused_, struct intent *intent)
{
	struct doubt_intent *i = CONTAINER_OF(intent, struct doubt_intent, intent);

	free(i->told);
	free(i);
}

/* A peer that is being changed is told in full by that. */
static void collect(struct peer_set *set, struct doubt_intent *i)
{
	for (size_t n = set->n_doubted; n-- > 0;) {
		const struct peer *peer = peer_find(set, &set->doubted[n]);

		if (peer && !peer->unsure)
			forget(set, n);
		if (peer && (!peer->unsure || peer->busy))
			continue;
		i->told[i->n_told++] =
			(struct tunnel_peer){ .key = set->doubted[n], .remove = true };
		if (peer)
			i->told[i->n_told++] = peer_for_tunnel(peer);
	}
}

int engine_peers_doubted(struct engine *e, struct ovd_view service, struct tunnel_change *change,
			 struct intent **ret)
{
	struct doubt_intent *i;
	struct peer_set *set;
	int r = peers_of(e, service, &set);

	if (r < 0 || !peers_way(e, set).up || set->n_doubted == 0)
		return -EALREADY;
	i = calloc(1, sizeof(*i));
	if (!i)
		return -ENOMEM;
	*i = (struct doubt_intent){ { .commit = told_commit, .drop = told_drop },
				    .told = calloc(2 * set->n_doubted, sizeof(*i->told)) };
	tunnel_name(service, i->service);
	if (i->told)
		collect(set, i);
	if (i->n_told == 0) {
		r = i->told ? -EALREADY : -ENOMEM;

		told_drop(e, &i->intent);
		return r;
	}
	*change = (struct tunnel_change){ .peers = i->told, .n_peers = i->n_told };
	*ret = &i->intent;
	return 0;
}
