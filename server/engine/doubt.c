#include "server/engine/doubt.h"

#include <errno.h>
#include <stdlib.h>

#include "server/engine/peer.h"

/* What the tunnel is told of peers in doubt. */
struct doubt_intent {
	struct intent intent;
	struct tunnel_peer *told;
	size_t n_told;
};

static size_t find(const struct engine *e, const struct ovd_key *key)
{
	size_t i = 0;

	while (i < e->n_doubted && !key_eq(&e->doubted[i], key))
		i++;
	return i;
}

static void forget(struct engine *e, size_t i)
{
	e->doubted[i] = e->doubted[--e->n_doubted];
}

bool doubt_has(const struct engine *e, const struct ovd_key *key)
{
	return find(e, key) < e->n_doubted;
}

void doubt_note(struct engine *e, const struct ovd_key *key)
{
	struct ovd_key *more;

	if (doubt_has(e, key) || e->n_doubted >= PEERS_MAX)
		return;
	more = realloc(e->doubted, (e->n_doubted + 1) * sizeof(*more));
	if (!more)
		return;
	e->doubted = more;
	e->doubted[e->n_doubted++] = *key;
}

void doubts_end(struct engine *e, bool all)
{
	for (size_t i = e->n_doubted; i-- > 0;) {
		struct peer *peer = peer_find(e, &e->doubted[i]);

		if (peer)
			peer->unsure = false;
		if (peer || all)
			forget(e, i);
	}
}

static void told_commit(struct engine *e, struct intent *intent)
{
	struct doubt_intent *i = CONTAINER_OF(intent, struct doubt_intent, intent);

	for (size_t n = 0; n < i->n_told; n++) {
		struct peer *peer = peer_find(e, &i->told[n].key);
		size_t at = find(e, &i->told[n].key);

		if (peer && !peer->busy)
			peer->unsure = false;
		if (at < e->n_doubted)
			forget(e, at);
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
static void collect(struct engine *e, struct doubt_intent *i)
{
	for (size_t n = e->n_doubted; n-- > 0;) {
		const struct peer *peer = peer_find(e, &e->doubted[n]);

		if (peer && !peer->unsure)
			forget(e, n);
		if (peer && (!peer->unsure || peer->busy))
			continue;
		i->told[i->n_told++] = (struct tunnel_peer){ .key = e->doubted[n], .remove = true };
		if (peer)
			i->told[i->n_told++] = peer_for_tunnel(peer);
	}
}

int engine_peers_doubted(struct engine *e, struct tunnel_change *change, struct intent **ret)
{
	struct doubt_intent *i;

	if (!e->global.up || e->n_doubted == 0)
		return -EALREADY;
	i = calloc(1, sizeof(*i));
	if (!i)
		return -ENOMEM;
	*i = (struct doubt_intent){ { .commit = told_commit, .drop = told_drop },
				    .told = calloc(2 * e->n_doubted, sizeof(*i->told)) };
	if (i->told)
		collect(e, i);
	if (i->n_told == 0) {
		int r = i->told ? -EALREADY : -ENOMEM;

		told_drop(e, &i->intent);
		return r;
	}
	*change = (struct tunnel_change){ .peers = i->told, .n_peers = i->n_told };
	*ret = &i->intent;
	return 0;
}
