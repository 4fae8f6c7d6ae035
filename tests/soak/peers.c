#include "tests/soak/peers.h"

#include <stdio.h>

#include "runtime/key.h"
#include "tests/soak/request.h"

unsigned tunnel_of(const struct soak *s, const struct act *act)
{
	unsigned which = act->how % (SERVICES + 3);

	return which < SERVICES && s->services[which].known &&
			       s->services[which].mode == MODE_DEDICATED
		       ? which
		       : NODE;
}

/* In a list of all each prefix has one owner or none. */
static bool list_gives(const struct act *act, unsigned peer, unsigned prefix)
{
	unsigned owner = (act->what >> prefix / 2) + prefix * 5;

	return owner % PEERS == peer && act->who >> peer & 1;
}

bool act_gives(const struct act *act, unsigned peer, unsigned prefix)
{
	bool is_its = act->who % PEERS == peer;

	if (act->kind == ACT_SYNC)
		return list_gives(act, peer, prefix);
	if (act->kind == ACT_PEER)
		return is_its && act->what >> prefix & 1;
	return act->kind == ACT_ALLOW && is_its && act->what % PREFIXES == prefix;
}

/* ---- what can't be ---- */

/* The node's tunnel has a route for the whole cluster; a service's has one for its own block,
 * which is nobody else's. */
static bool needs_route(unsigned tunnel, const char *prefix)
{
	return tunnel != NODE || strncmp(prefix, CLUSTER, strlen(CLUSTER)) != 0;
}

static bool tunnel_has(const struct soak *s, unsigned tunnel, const char *prefix)
{
	char text[PREFIX_MAX];

	for (unsigned i = 0; i < PREFIXES; i++)
		for (unsigned k = 0; k < PEERS; k++)
			if (s->peers[tunnel][k].allowed[i] &&
			    strcmp(peer_prefix(tunnel, i, text), prefix) == 0)
				return true;
	return false;
}

static bool is_elsewhere(const struct soak *s, unsigned tunnel, unsigned which)
{
	char prefix[PREFIX_MAX];

	peer_prefix(tunnel, which, prefix);
	for (unsigned i = 0; i < TUNNELS && needs_route(tunnel, prefix); i++)
		if (i != tunnel && needs_route(i, prefix) && tunnel_has(s, i, prefix))
			return true;
	return false;
}

bool peers_cannot_be(const struct soak *s, const struct act *act)
{
	unsigned tunnel = tunnel_of(s, act);

	if (act->kind == ACT_ALLOW && !s->peers[tunnel][act->who % PEERS].known)
		return true;
	for (unsigned i = 0; i < PREFIXES; i++)
		for (unsigned k = 0; k < PEERS; k++)
			if (act_gives(act, k, i) && is_elsewhere(s, tunnel, i))
				return true;
	return false;
}

/* ---- what is then ---- */

/* A prefix belongs to one peer. */
static void allow(struct soak *s, unsigned tunnel, unsigned peer, unsigned prefix)
{
	for (unsigned i = 0; i < PEERS; i++)
		s->peers[tunnel][i].allowed[prefix] = i == peer;
}

static struct soak_peer listed(const struct act *act, unsigned who)
{
	struct soak_peer peer = { .known = false };

	for (unsigned i = 0; i < PREFIXES; i++)
		peer.known |= peer.allowed[i] = act_gives(act, who, i);
	return peer;
}

static void are_synced(struct soak *s, const struct act *act, const char *answer, bool again)
{
	struct soak_peer *peers = s->peers[tunnel_of(s, act)];
	unsigned added = 0, changed = 0, removed = 0, kept = 0;
	char text[128];

	for (unsigned i = 0; i < PEERS; i++) {
		struct soak_peer next = listed(act, i);
		bool same = memcmp(&next, &peers[i], sizeof(next)) == 0;

		added += next.known && !peers[i].known;
		removed += !next.known && peers[i].known;
		changed += next.known && peers[i].known && !same;
		kept += next.known && same;
		peers[i] = next;
	}
	snprintf(text, sizeof(text), "\"added\":%u,\"changed\":%u,\"removed\":%u,\"kept\":%u",
		 added, changed, removed, kept);
	if (!again && !strstr(answer, text))
		check_fail(__FILE__, __LINE__, "%s, and not %s", answer, text);
}

void peers_are(struct soak *s, const struct act *act, const char *answer, bool again)
{
	unsigned tunnel = tunnel_of(s, act), who = act->who % PEERS;
	struct soak_peer *peer = &s->peers[tunnel][who];

	CHECK(!peers_cannot_be(s, act));
	if (act->kind == ACT_SYNC)
		are_synced(s, act, answer, again);
	if (act->kind == ACT_PEER || act->kind == ACT_UNPEER)
		*peer = (struct soak_peer){ .known = act->kind == ACT_PEER };
	if (act->kind == ACT_DISALLOW)
		peer->allowed[act->what % PREFIXES] = false;
	for (unsigned i = 0; i < PREFIXES && act->kind != ACT_SYNC; i++)
		if (act_gives(act, who, i))
			allow(s, tunnel, who, i);
}

/* ---- what there is to be ---- */

/* Status tells of the node's tunnel, the process of a service's; the kernel's own is not asked. */
static void want_peer(const struct soak *s, unsigned tunnel, unsigned who, const char *link,
		      struct lines *l)
{
	const char *service = tunnel == NODE ? "" : service_name(tunnel);
	char prefix[PREFIX_MAX], text[KEY_HEX_MAX + 32];
	struct ovd_key key;

	CHECK_INT(key_parse(view(peer_key(who)), &key), 0);
	snprintf(text, sizeof(text), "peer %s", peer_key(who));
	if (tunnel != NODE)
		snprintf(text, sizeof(text), "%s peer %s", link,
			 key_format_hex(&key, (char[KEY_HEX_MAX]){ 0 }));
	put(l, "record peer %s %s", peer_key(who), service);
	if (link && (tunnel == NODE || s->by_processes))
		put(l, "%s", text);
	for (unsigned i = 0; i < PREFIXES; i++) {
		if (!s->peers[tunnel][who].allowed[i])
			continue;
		peer_prefix(tunnel, i, prefix);
		put(l, "record peer %s %s prefix %s", peer_key(who), service, prefix);
		if (link && (tunnel == NODE || s->by_processes))
			put(l, "%s prefix %s", text, prefix);
		if (link && needs_route(tunnel, prefix))
			put(l, "route %s link %s", prefix, link);
	}
}

void want_peers(const struct soak *s, unsigned tunnel, const char *link, struct lines *l)
{
	unsigned n = 0;

	for (unsigned i = 0; i < PEERS; i++)
		if (s->peers[tunnel][i].known) {
			n++;
			want_peer(s, tunnel, i, link, l);
		}
	if (tunnel != NODE)
		put(l, "%s has %u peers", link, n);
}
