/* What is asked of peers. */
#include <errno.h>
#include <string.h>

#include "server/engine/doubt.h"
#include "server/engine/peer_change.h"

struct peer *peer_copy(struct engine *e, const struct ovd_key *key, const struct ovd_cidr *allowed,
		       size_t n, size_t more)
{
	struct peer *peer = peer_new(e, key, n + more);

	if (!peer)
		return NULL;
	if (n > 0)
		memcpy(peer->allowed, allowed, n * sizeof(*allowed));
	peer->n_allowed = (uint16_t)n;
	return peer;
}

int peer_set_endpoint(struct engine *e, struct peer *next, const struct peer *was,
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
static bool is_so(const struct peer_set *set, const struct peer *peer, const struct peer_spec *spec)
{
	if (peer->unsure || !view_eq(view(peer->host), spec->host) ||
	    peer->keepalive != spec->keepalive)
		return false;
	if (!spec->host.p && (peer->has_endpoint != spec->has_endpoint ||
			      !endpoint_eq(&peer->endpoint, &spec->endpoint)))
		return false;
	return peer_has_just(set, peer, spec->allowed, spec->n_allowed);
}

int engine_peer_set(struct engine *e, const struct peer_spec *spec, struct plan *plan,
		    struct tunnel_change *change, struct intent **ret)
{
	struct peer *peer, *next;
	struct peer_set *set;
	bool is_new;
	int r = peers_of(e, spec->service, &set);

	if (r < 0)
		return r;
	peer = peer_find(set, &spec->key);
	is_new = !peer;
	r = peer_check(e, set, &spec->key, spec->allowed, spec->n_allowed);
	if (r == 0)
		r = peer_check_guest(e, peer, spec->guest);
	if (r == 0 && !spec->guest && !spec->restored)
		r = peer_check_routes(e, set, spec->allowed, spec->n_allowed);
	if (r < 0)
		return r;
	if (peer_must_wait(e, set, peer))
		return -EINPROGRESS;
	if (peer && is_so(set, peer, spec))
		return -EALREADY;
	if (is_new && set->n >= PEERS_MAX)
		return engine_refuse(e, -ENOSPC, "%d peers are known, and no more can be",
				     PEERS_MAX);
	next = peer_copy(e, &spec->key, spec->allowed, spec->n_allowed, 0);
	if (!next)
		return -ENOMEM;
	next->guest = spec->guest;
	r = peer_set_endpoint(e, next, peer, spec);
	if (r == 0 && is_new) { /* an empty one, for the intent that fills it */
		peer = peer_new(e, &spec->key, 0);
		r = peer ? 0 : -ENOMEM;
		if (peer) {
			peer->unsure = doubt_has(set, &spec->key);
			peer->guest = spec->guest;
		}
	}
	if (r < 0) {
		peer_free(e, next);
		return r;
	}
	if (is_new)
		peer_insert(set, peer);
	return peer_change_begin(e, set, peer, next, is_new, plan, change, ret);
}

int engine_peer_remove(struct engine *e, struct ovd_view service, const struct ovd_key *key,
		       struct plan *plan, struct tunnel_change *change, struct intent **ret)
{
	struct peer_set *set;
	int r = peers_of(e, service, &set);

	if (r == 0)
		r = peer_check_guest(e, peer_find(set, key), false);
	return r == 0 ? peer_remove(e, set, key, plan, change, ret) : r;
}

int peer_remove(struct engine *e, struct peer_set *set, const struct ovd_key *key,
		struct plan *plan, struct tunnel_change *change, struct intent **ret)
{
	struct peer *peer = peer_find(set, key);

	if (!peer && !peers_way(e, set).up)
		return -EALREADY;
	if (peer_must_wait(e, set, peer))
		return -EINPROGRESS;
	if (!peer)
		return peer_change_stranger(e, set, key, change, ret);
	return peer_change_begin(e, set, peer, NULL, false, plan, change, ret);
}

/* A copy of everything, with room for one prefix more. */
static struct peer *peer_twin(struct engine *e, const struct peer *peer)
{
	struct peer *twin = peer_copy(e, &peer->key, peer->allowed, peer->n_allowed, 1);
	struct peer_spec spec = { .host = view(peer->host),
				  .has_endpoint = peer->has_endpoint,
				  .endpoint = peer->endpoint,
				  .keepalive = peer->keepalive };

	if (twin && peer_set_endpoint(e, twin, peer, &spec) < 0) {
		peer_free(e, twin);
		return NULL;
	}
	return twin;
}

int engine_peer_allow(struct engine *e, struct ovd_view service, const struct ovd_key *key,
		      const struct ovd_cidr *cidr, struct plan *plan, struct tunnel_change *change,
		      struct intent **ret)
{
	struct peer *peer, *next;
	char text[KEY_TEXT_MAX];
	struct peer_set *set;
	bool has;
	int r = peers_of(e, service, &set);

	if (r < 0)
		return r;
	peer = peer_find(set, key);
	if (!peer)
		return engine_refuse(e, -ENOENT, "no peer has the key %s", key_format(key, text));
	r = peer_check_guest(e, peer, false);
	if (r < 0)
		return r;
	if (peer_must_wait(e, set, peer))
		return -EINPROGRESS;
	has = peer_allows(peer, cidr);
	if (has && !peer->unsure)
		return -EALREADY;
	r = peer_check(e, set, key, cidr, 1);
	if (r == 0)
		r = peer_check_routes(e, set, cidr, 1);
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
	return peer_change_begin(e, set, peer, next, false, plan, change, ret);
}

int engine_peer_disallow(struct engine *e, struct ovd_view service, const struct ovd_key *key,
			 const struct ovd_cidr *cidr, struct plan *plan,
			 struct tunnel_change *change, struct intent **ret)
{
	struct peer *peer, *next;
	struct peer_set *set;
	int r = peers_of(e, service, &set);

	if (r < 0)
		return r;
	peer = peer_find(set, key);
	r = peer_check_guest(e, peer, false);
	if (r < 0)
		return r;
	if (!peer || (!peer->busy && !peer->unsure && !peer_allows(peer, cidr)))
		return -EALREADY;
	if (peer_must_wait(e, set, peer))
		return -EINPROGRESS;
	next = peer_twin(e, peer);
	if (!next)
		return -ENOMEM;
	peer_lose(next, cidr);
	return peer_change_begin(e, set, peer, next, false, plan, change, ret);
}

bool engine_peer_wants(struct engine *e, struct ovd_view service, const struct ovd_key *key,
		       struct ovd_view host)
{
	struct peer_set *set;
	const struct peer *peer = peers_of(e, service, &set) == 0 ? peer_find(set, key) : NULL;

	return peer && view_eq(view(peer->host), host);
}

int engine_peer_resolved(struct engine *e, struct ovd_view service, const struct ovd_key *key,
			 struct ovd_view host, const struct ovd_endpoint *endpoint,
			 struct tunnel_change *change, struct intent **ret)
{
	struct plan none = { .n = 0 };
	struct peer *peer, *next;
	struct peer_intent *i;
	struct peer_set *set;
	int r = peers_of(e, service, &set);

	if (r < 0 || !engine_peer_wants(e, service, key, host))
		return -ENOENT;
	peer = peer_find(set, key);
	if (peer_must_wait(e, set, peer))
		return -EINPROGRESS;
	if (peer->has_endpoint && endpoint_eq(&peer->endpoint, endpoint))
		return -EALREADY;
	next = peer_twin(e, peer);
	if (!next)
		return -ENOMEM;
	next->has_endpoint = true;
	next->endpoint = *endpoint;
	r = peer_change_begin(e, set, peer, next, false, &none, change, ret);
	if (r == 0) { /* the name is the same, the address isn't */
		i = CONTAINER_OF(*ret, struct peer_intent, intent);
		i->told[1].has_endpoint = true;
	}
	return r;
}
