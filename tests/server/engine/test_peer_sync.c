#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "tests/server/engine/peers.h"

/* ---- by hand ---- */

static int want(struct node *n, const struct want *w)
{
	struct peer_spec spec = { .key = { { w->number } },
				  .host = view(w->host),
				  .keepalive = w->keepalive };
	struct ovd_cidr allowed[4];

	for (; spec.n_allowed < 4 && w->allowed[spec.n_allowed]; spec.n_allowed++)
		allowed[spec.n_allowed] = cidr_of(w->allowed[spec.n_allowed]);
	spec.allowed = allowed;
	spec.has_endpoint = w->endpoint;
	if (w->endpoint)
		CHECK_INT(endpoint_parse(view(w->endpoint), &spec.endpoint), 0);
	return engine_sync_want(n->e, n->intent, &spec);
}

#define WANT(n, ...) want(n, &(struct want){ __VA_ARGS__ })

static void begin(struct node *n)
{
	plan_done(&n->plan);
	CHECK_INT(engine_sync_begin(n->e, NODES_TUNNEL, &n->intent), 0);
}

/* What differs, and the first part of what the tunnel is told. */
static void settle(struct node *n, const char *counts)
{
	struct sync_counts c;
	char text[64];

	while (engine_sync_plan(n->e, n->intent, 1, &n->plan) == 1)
		continue;
	c = engine_sync_counts(n->intent);
	snprintf(text, sizeof(text), "+%zu !%zu -%zu =%zu", c.added, c.changed, c.removed, c.kept);
	CHECK_STR(text, counts);
	CHECK_INT(engine_sync_tell(n->e, n->intent, SIZE_MAX, &n->change), 0);
}

/* Nothing more is told; in slices of one it ends. */
static void end(struct node *n, bool stands)
{
	CHECK_INT(engine_sync_tell(n->e, n->intent, 1, &n->change), 0);
	CHECK_INT(n->change.n_peers, 0);
	while (engine_sync_end(n->e, n->intent, stands, 1))
		continue;
	n->intent = NULL;
}

static void has_two(struct node *n)
{
	node_has_tunnel(n);
	CHECK_INT(SET(n, 1, "192.0.2.1:1", NULL, 5, { "10.200.5.0/24", "10.200.6.0/24" }), 0);
	node_commit(n);
	CHECK_INT(SET(n, 2, NULL, "a.example:1", 0, { "10.200.7.0/24" }), 0);
	node_commit(n);
	CHECK_INT(peer_is_resolved(n, 2, "a.example:1", "192.0.2.2:1"), 0);
	node_commit(n);
}

TEST(just_what_differs_is_told)
{
	struct node n;

	node_init(&n);
	has_two(&n);
	begin(&n);
	CHECK_INT(WANT(&n, 2, NULL, "a.example:1", 0, { "10.200.7.0/24" }), 0);
	CHECK_INT(WANT(&n, 1, "192.0.2.1:1", NULL, 5, { "10.200.6.0/24", "10.200.5.0/24" }), 0);
	settle(&n, "+0 !0 -0 =2");
	CHECK_STR(node_change(&n), "");
	end(&n, true);
	check_peers(&n, "1 192.0.2.1:1 10.200.6.0/24 10.200.5.0/24; "
			"2 a.example:1 192.0.2.2:1 10.200.7.0/24; ");
	begin(&n);
	CHECK_INT(WANT(&n, 3, "192.0.2.3:1", NULL, 0, { "10.200.6.0/24", "172.16.0.0/24" }), 0);
	CHECK_INT(WANT(&n, 1, "192.0.2.1:2", NULL, 6, { "10.200.8.0/24" }), 0);
	settle(&n, "+1 !1 -1 =0");
	CHECK(n.plan.patient);
	CHECK_STR(node_plan(&n), "route 172.16.0.0/24 by zl-9eae6e0a9b-g from 10.200.4.1\n");
	CHECK_STR(node_change(&n), /* what goes is last, and 10.200.6.0/24 moves */
		  "peer 1 at 192.0.2.1:2 keepalive 6 +10.200.8.0/24 -10.200.5.0/24\n"
		  "peer 3 at 192.0.2.3:1 keepalive 0 +10.200.6.0/24 +172.16.0.0/24\n"
		  "peer 2 goes\n");
	check_peers(&n, "1 192.0.2.1:1 10.200.6.0/24 10.200.5.0/24; "
			"2 a.example:1 192.0.2.2:1 10.200.7.0/24; "); /* until it ends */
	end(&n, true);
	check_peers(&n, "1 192.0.2.1:2 10.200.8.0/24; "
			"3 192.0.2.3:1 10.200.6.0/24 172.16.0.0/24; ");
	begin(&n);
	settle(&n, "+0 !0 -2 =0");
	CHECK_STR(node_plan(&n), "no route 172.16.0.0/24 by zl-9eae6e0a9b-g from 10.200.4.1\n");
	end(&n, true);
	CHECK_INT(engine_peer_count(n.e), 0);
	node_done(&n);
}

static void refuses(struct node *n, int r, const char *reason)
{
	CHECK_INT(r, -EEXIST);
	CHECK_STR(engine_reason(n->e), reason);
	while (engine_sync_end(n->e, n->intent, false, 1))
		continue;
	n->intent = NULL;
	check_peers(n, "1 192.0.2.1:1 10.200.5.0/24 10.200.6.0/24; "
		       "2 a.example:1 192.0.2.2:1 10.200.7.0/24; ");
}

#define KEY_OF_3 "AwAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="

TEST(one_that_cannot_be)
{
	const struct peer_spec own = { .key = { { 0xab, 0xcd, 0xef, 0x12 } } };
	struct node n;

	node_init(&n);
	has_two(&n);
	begin(&n);
	CHECK_INT(WANT(&n, 3, NULL, NULL, 0, { "10.200.5.0/24", "10.200.5.0/24" }), 0);
	refuses(&n, WANT(&n, 4, NULL, NULL, 0, { "10.200.5.0/24" }),
		"10.200.5.0/24 is in the allowed_ips of the peer " KEY_OF_3 " too");
	begin(&n);
	CHECK_INT(WANT(&n, 3, NULL, NULL, 0, { NULL }), 0);
	refuses(&n, WANT(&n, 3, NULL, NULL, 0, { NULL }), "the key " KEY_OF_3 " is listed twice");
	begin(&n);
	CHECK_INT(WANT(&n, 3, NULL, NULL, 0, { "0.0.0.0/0" }), -EINVAL);
	CHECK_INT(engine_sync_want(n.e, n.intent, &own), -EINVAL);
	node_drop(&n);
	node_done(&n);
}

TEST(a_guest_stays)
{
	const struct attach_spec guest = {
		.owner = { .kind = HANDLE_GUEST, .id = view("a"), .netns = -1 },
		.service = view("web"),
		.public_key = { { 9 } }
	};
	struct ovd_ip ip;
	char text[IP_TEXT_MAX], prefix[56], left[64];
	struct node n;

	node_init(&n);
	has_two(&n);
	node_has_service(&n, "web");
	CHECK_INT(node_attach_spec(&n, &guest, false, &ip), 0);
	snprintf(prefix, sizeof(prefix), "%s/32", ip_format(&ip, text));
	snprintf(left, sizeof(left), "9 %s; ", prefix);
	node_commit(&n);
	begin(&n);
	CHECK_INT(WANT(&n, 9, NULL, NULL, 0, { NULL }), -EEXIST);
	CHECK_INT(WANT(&n, 3, NULL, NULL, 0, { prefix }), -EEXIST);
	node_drop(&n);
	begin(&n);
	settle(&n, "+0 !0 -2 =0");
	CHECK_STR(node_change(&n), "peer 1 goes\npeer 2 goes\n");
	end(&n, true);
	check_peers(&n, left);
	CHECK_INT(engine_detach(n.e, &guest.owner, &n.plan, &n.intent), 0);
	node_commit(&n);
	check_peers(&n, "");
	node_done(&n);
}

/* Who would change a peer meanwhile waits, and so does the sync for those who do. */
TEST(one_change_at_a_time)
{
	struct intent *sync;
	struct node n;

	node_init(&n);
	has_two(&n);
	CHECK_INT(SET(&n, 3, NULL, NULL, 0, { NULL }), 0);
	CHECK_INT(engine_sync_begin(n.e, NODES_TUNNEL, &sync), -EINPROGRESS);
	node_commit(&n);
	CHECK_INT(engine_sync_begin(n.e, NODES_TUNNEL, &sync), 0);
	CHECK_INT(engine_sync_begin(n.e, NODES_TUNNEL, &n.intent), -EINPROGRESS);
	CHECK_INT(SET(&n, 4, NULL, NULL, 0, { NULL }), -EINPROGRESS);
	CHECK_INT(peer_unset(&n, 1), -EINPROGRESS);
	CHECK_INT(peer_allow(&n, 1, "10.200.9.0/24", false), -EINPROGRESS);
	CHECK_INT(node_setup(&n, "10.200.0.0/16", "10.200.4.0/24", 1), -EINPROGRESS);
	CHECK_INT(node_teardown(&n), -EINPROGRESS);
	engine_drop(n.e, sync);
	CHECK_INT(node_teardown(&n), 0);
	CHECK_INT(engine_sync_begin(n.e, NODES_TUNNEL, &sync), -EINPROGRESS);
	node_drop(&n);
	node_done(&n);
}

/* Whether it was told or not, it is told in full next time; what goes is told so. */
TEST(in_doubt)
{
	static const char full[] =
		"peer 1 goes\n"
		"peer 1 at 192.0.2.9:1 keepalive 5 +10.200.5.0/24 +10.200.6.0/24\n";
	static const struct want one = {
		1, "192.0.2.9:1", NULL, 5, { "10.200.5.0/24", "10.200.6.0/24" }
	};
	struct node n;

	for (int stands = 0; stands < 2; stands++) {
		CASE("stands: %d", stands);
		node_init(&n);
		has_two(&n);
		begin(&n);
		CHECK_INT(want(&n, &one), 0);
		CHECK_INT(WANT(&n, 3, NULL, NULL, 0, { NULL }), 0);
		settle(&n, "+1 !1 -1 =0");
		engine_sync_doubt(n.intent);
		end(&n, stands);
		CHECK_INT(engine_peer_count(n.e), 2);
		CHECK_INT(engine_peers_doubted(n.e, NODES_TUNNEL, &n.change, &n.intent), 0);
		CHECK_INT(n.change.n_peers, 5); /* two in full, one goes */
		node_drop(&n);
		begin(&n);
		CHECK_INT(want(&n, &one), 0);
		settle(&n, "+0 !1 -1 =0");
		CHECK(strstr(node_change(&n), full));
		CHECK(strstr(node_change(&n), "peer 2 goes\n"));
		CHECK(strstr(node_change(&n), "peer 3 goes\n"));
		end(&n, true);
		CHECK_INT(engine_peers_doubted(n.e, NODES_TUNNEL, &n.change, &n.intent), -EALREADY);
		node_done(&n);
	}
}

TEST(without_a_tunnel_nobody_is_told)
{
	struct node n;

	node_init(&n);
	begin(&n);
	CHECK_INT(WANT(&n, 3, NULL, NULL, 0, { "172.16.0.0/24" }), 0);
	settle(&n, "+1 !0 -0 =0");
	CHECK_STR(node_plan(&n), "");
	CHECK_STR(node_change(&n), "");
	end(&n, true);
	CHECK_INT(node_setup(&n, "10.200.0.0/16", "10.200.4.0/24", 51820), 0);
	for (size_t i = 0; i < n.plan.n; i++)
		if (plan_at(&n.plan, i)->kind == STEP_TUNNEL)
			CHECK_INT(plan_at(&n.plan, i)->tunnel.n_peers, 1);
	node_drop(&n);
	node_done(&n);
}

/* ---- by chance: a tunnel that does as it is told ---- */

#define KEYS     60
#define PREFIXES 90

struct world {
	bool there[KEYS];
	int owner[PREFIXES]; /* a key, or -1 */
	uint16_t keepalive[KEYS];
};

static uint64_t seed = 1;

static unsigned chance(unsigned n)
{
	seed = seed * UINT64_C(6364136223846793005) + 1442695040888963407u;
	return (unsigned)(seed >> 33) % n;
}

static struct ovd_cidr prefix_at(int i)
{
	return (struct ovd_cidr){ .ip = { .len = 4, .b = { 10, 200, 0, (uint8_t)i } },
				  .prefix_len = 32 };
}

static struct world world_by_chance(void)
{
	struct world w;

	for (int k = 0; k < KEYS; k++) {
		w.there[k] = chance(4) > 0;
		w.keepalive[k] = (uint16_t)(chance(8) == 0);
	}
	for (int i = 0; i < PREFIXES; i++) {
		w.owner[i] = (int)chance(4) > 0 ? i % KEYS : (int)chance(KEYS);
		if (!w.there[w.owner[i]])
			w.owner[i] = -1;
	}
	return w;
}

static void give(struct world *is, int key, const struct ovd_cidr *list, size_t n, int to)
{
	for (size_t i = 0; i < n; i++)
		if (to >= 0 || is->owner[list[i].ip.b[3]] == key)
			is->owner[list[i].ip.b[3]] = to;
}

/* What has an owner before and after always has one; who stays is always there. */
static void check_between(const struct world *was, const struct world *is, const struct world *next)
{
	for (int i = 0; i < PREFIXES; i++)
		CHECK(is->owner[i] >= 0 || was->owner[i] < 0 || next->owner[i] < 0);
	for (int k = 0; k < KEYS; k++)
		CHECK(is->there[k] || !was->there[k] || !next->there[k]);
}

static void tell_device(struct world *is, const struct tunnel_peer *peer)
{
	int key = peer->key.b[0] - 100;

	CHECK(key >= 0 && key < KEYS);
	is->there[key] = !peer->remove;
	for (int i = 0; i < PREFIXES; i++)
		if (peer->remove && is->owner[i] == key)
			is->owner[i] = -1;
	if (peer->has_keepalive)
		is->keepalive[key] = peer->keepalive;
	give(is, key, peer->allowed, peer->n_allowed, key);
	give(is, key, peer->removed, peer->n_removed, -1);
}

static void want_world(struct node *n, const struct world *w)
{
	for (int k = 0; k < KEYS; k++) {
		struct ovd_cidr allowed[PREFIXES];
		struct peer_spec spec = { .key = { { (uint8_t)(100 + k) } },
					  .keepalive = w->keepalive[k],
					  .allowed = allowed };

		for (int i = 0; i < PREFIXES; i++)
			if (w->owner[i] == k)
				allowed[spec.n_allowed++] = prefix_at(i);
		if (w->there[k])
			CHECK_INT(engine_sync_want(n->e, n->intent, &spec), 0);
	}
}

static void tell_all(struct node *n, const struct world *was, struct world *is,
		     const struct world *next, size_t most)
{
	bool more = true;

	while (more) {
		more = engine_sync_tell(n->e, n->intent, most, &n->change) == 1;
		for (size_t i = 0; i < n->change.n_peers; i++) {
			tell_device(is, &n->change.peers[i]);
			check_between(was, is, next);
		}
	}
}

static void check_same(const struct world *is, const struct world *next)
{
	for (int k = 0; k < KEYS; k++) {
		CHECK_INT(is->there[k], next->there[k]);
		if (is->there[k])
			CHECK_INT(is->keepalive[k], next->keepalive[k]);
	}
	for (int i = 0; i < PREFIXES; i++)
		CHECK_INT(is->owner[i], next->owner[i]);
}

TEST(no_moment_without_a_peer_or_a_prefix)
{
	struct world is = { .there = { false } };
	struct node n;

	node_init(&n);
	node_has_tunnel(&n);
	for (int i = 0; i < PREFIXES; i++)
		is.owner[i] = -1;
	for (unsigned round = 0; round < 300; round++) {
		const struct world next = world_by_chance(), was = is;
		unsigned most = 1 + chance(7);

		CASE("round %u", round);
		begin(&n);
		want_world(&n, &next);
		while (engine_sync_plan(n.e, n.intent, most, &n.plan) == 1)
			continue;
		tell_all(&n, &was, &is, &next, most);
		check_same(&is, &next);
		while (engine_sync_end(n.e, n.intent, true, most))
			continue;
		n.intent = NULL;
	}
	node_done(&n);
}
