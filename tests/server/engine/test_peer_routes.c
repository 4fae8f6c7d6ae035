/* Prefixes that peers of several tunnels want. */
#include <errno.h>

#include "tests/server/engine/node.h"

#define OUTSIDE "203.0.113.0/24"

static const struct ovd_key key = { { 1 } };

static void begin(struct node *n)
{
	node_init(n);
	node_has_tunnel(n);
	node_has_dedicated(n, "web");
	node_has_dedicated(n, "db");
}

static int want(struct node *n, const char *service, const char *prefix)
{
	const struct ovd_cidr allowed = cidr_of(prefix);
	const struct peer_spec spec = {
		.service = view(service), .key = key, .allowed = &allowed, .n_allowed = 1
	};

	plan_done(&n->plan);
	return engine_peer_set(n->e, &spec, &n->plan, &n->change, &n->intent);
}

static void has(struct node *n, const char *service, const char *prefix)
{
	CHECK_INT(want(n, service, prefix), 0);
	node_commit(n);
}

static struct intent *begin_removal(struct node *n, const char *service)
{
	plan_done(&n->plan);
	CHECK_INT(engine_peer_remove(n->e, view(service), &key, &n->plan, &n->change, &n->intent),
		  0);
	return n->intent;
}

static int allow(struct node *n, const char *service, const char *prefix)
{
	const struct ovd_cidr cidr = cidr_of(prefix);

	plan_done(&n->plan);
	return engine_peer_allow(n->e, view(service), &key, &cidr, &n->plan, &n->change,
				 &n->intent);
}

static int sync_one(struct node *n, const char *prefix)
{
	const struct ovd_cidr allowed = cidr_of(prefix);
	const struct peer_spec spec = { .key = key, .allowed = &allowed, .n_allowed = 1 };
	int r;

	CHECK_INT(engine_sync_begin(n->e, NODES_TUNNEL, &n->intent), 0);
	r = engine_sync_want(n->e, n->intent, &spec);
	node_drop(n);
	return r;
}

/* A host has but one route for it. Whoever has it keeps it, also while its tunnel is down. */
TEST(outside_both_tunnels)
{
	struct intent *first;
	struct node n;

	begin(&n);
	has(&n, NULL, OUTSIDE);
	has(&n, "web", "10.200.5.64/26");
	CHECK_INT(node_teardown(&n), 0);
	node_commit(&n);
	CHECK_INT(want(&n, "web", OUTSIDE), -EEXIST);
	CHECK_STR(engine_reason(n.e), "allowed_ips: " OUTSIDE " is a peer's of the global overlay: "
				      "one tunnel can have it");
	CHECK_INT(allow(&n, "web", OUTSIDE), -EEXIST);
	node_has_tunnel(&n);
	first = begin_removal(&n, NULL);
	CHECK_INT(want(&n, "web", OUTSIDE), -EINPROGRESS);
	engine_commit(n.e, first);
	has(&n, "web", OUTSIDE);
	CHECK_INT(want(&n, "db", OUTSIDE), -EEXIST);
	CHECK_INT(want(&n, NULL, OUTSIDE), -EEXIST);
	CHECK_STR(engine_reason(n.e),
		  "allowed_ips: " OUTSIDE " is a peer's of service web: one tunnel can have it");
	CHECK_INT(sync_one(&n, OUTSIDE), -EEXIST);
	first = begin_removal(&n, "web");
	CHECK_INT(sync_one(&n, OUTSIDE), -EEXIST); /* it waits for nobody */
	engine_commit(n.e, first);
	CHECK_INT(sync_one(&n, OUTSIDE), 0);
	node_done(&n);
}

/* It needs no route there. */
TEST(on_the_link_of_one)
{
	struct node n;

	begin(&n);
	has(&n, "web", "10.200.5.64/26");
	has(&n, NULL, "10.200.5.64/26");
	CHECK_INT(want(&n, "db", "10.200.5.64/26"), -EEXIST);
	node_done(&n);
}

/* It is on the link of the node's tunnel, but routed to the guest. */
TEST(a_guests)
{
	const struct attach_spec spec = {
		.owner = { .kind = HANDLE_GUEST, .id = view("vm"), .netns = -1 },
		.service = view("plain"),
		.public_key = { { 77 } }
	};
	char text[CIDR_TEXT_MAX];
	struct ovd_cidr cidr;
	struct node n;
	struct ovd_ip ip;

	node_init(&n);
	node_has_tunnel(&n);
	node_has_dedicated(&n, "web");
	node_has_service(&n, "plain");
	CHECK_INT(node_attach_spec(&n, &spec, false, &ip), 0);
	node_commit(&n);
	cidr = cidr_host(&ip);
	CHECK_INT(want(&n, "web", cidr_format(&cidr, text)), -EEXIST);
	cidr.ip = ip_add(&ip, 1);
	has(&n, "web", cidr_format(&cidr, text));
	node_done(&n);
}

/* Whom an earlier life told yes isn't forgotten. */
TEST(two_that_are_restored)
{
	static struct state_prefix outside = { .length = 24 };
	struct state_record record = {
		.kind = STATE_RECORD_PEER,
		.peer = { .key = VIEW_LITERAL("BAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="),
			  .allowed = { &outside, 1 } },
	};
	struct dedicated_view seen;
	struct node n;

	outside.ip = ip_of("203.0.113.0");
	begin(&n);
	CHECK_INT(engine_restore(n.e, &record), 0);
	record.peer.service = VIEW_LITERAL("web");
	CHECK_INT(engine_restore(n.e, &record), 0);
	CHECK_INT(engine_peer_count(n.e), 1);
	CHECK(engine_dedicated(n.e, view("web"), &seen));
	CHECK_INT(seen.n_peers, 1);
	node_done(&n);
}
