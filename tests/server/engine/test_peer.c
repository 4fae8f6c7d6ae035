#include <errno.h>
#include <stdio.h>

#include "tests/server/engine/peers.h"

/* ---- what the tunnel is told ---- */

TEST(told_what_differs)
{
	struct node n;

	node_init(&n);
	node_has_tunnel(&n);
	CHECK_INT(SET(&n, 1, "192.0.2.1:51820", NULL, 25, { "10.200.5.0/24", "10.200.6.0/24" }), 0);
	CHECK_STR(node_change(&n),
		  "peer 1 at 192.0.2.1:51820 keepalive 25 +10.200.5.0/24 +10.200.6.0/24\n");
	CHECK_STR(node_plan(&n), ""); /* on the tunnel's link: no route */
	node_commit(&n);
	CHECK_INT(SET(&n, 1, "192.0.2.1:51820", NULL, 25, { "10.200.6.0/24", "10.200.5.0/24" }),
		  -EALREADY); /* the order doesn't count */
	CHECK_INT(SET(&n, 1, "192.0.2.1:51820", NULL, 25, { "10.200.6.0/24", "10.200.7.0/24" }), 0);
	CHECK_STR(node_change(&n), "peer 1 +10.200.7.0/24 -10.200.5.0/24\n");
	node_commit(&n);
	CHECK_INT(SET(&n, 1, "192.0.2.9:51820", NULL, 0, { "10.200.6.0/24", "10.200.7.0/24" }), 0);
	CHECK_STR(node_change(&n), "peer 1 at 192.0.2.9:51820 keepalive 0\n");
	node_commit(&n);
	check_peers(&n, "1 192.0.2.9:51820 10.200.6.0/24 10.200.7.0/24; ");
	CHECK_INT(peer_unset(&n, 1), 0);
	CHECK_STR(node_change(&n), "peer 1 goes\n");
	node_drop(&n);
	CHECK_INT(engine_peer_count(n.e), 1);
	CHECK_INT(peer_unset(&n, 1), 0);
	node_commit(&n);
	CHECK_INT(engine_peer_count(n.e), 0);
	/* the tunnel may know one that the engine doesn't */
	CHECK_INT(peer_unset(&n, 1), 0);
	CHECK_STR(node_change(&n), "peer 1 goes\n");
	node_commit(&n);
	node_done(&n);
}

/* The tunnel is given all peers: it doesn't change while one of them does, and the other way round.
 */
TEST(not_beside_the_tunnel)
{
	struct node n;
	struct intent *first, *second;

	node_init(&n);
	node_has_tunnel(&n);
	CHECK_INT(SET(&n, 1, "192.0.2.1:51820", NULL, 25, { "10.200.5.0/24" }), 0);
	first = n.intent;
	CHECK_INT(SET(&n, 2, "192.0.2.2:51820", NULL, 25, { "10.200.6.0/24" }), 0);
	second = n.intent;
	CHECK_INT(node_setup(&n, "10.200.0.0/16", "10.200.4.0/24", 9), -EINPROGRESS);
	/* it has its turn before peers that come later */
	CHECK_INT(SET(&n, 3, "192.0.2.3:51820", NULL, 25, { "10.200.7.0/24" }), -EINPROGRESS);
	engine_commit(n.e, first);
	CHECK_INT(node_setup(&n, "10.200.0.0/16", "10.200.4.0/24", 9), -EINPROGRESS);
	CHECK_INT(node_teardown(&n), -EINPROGRESS);
	engine_drop(n.e, second);
	CHECK_INT(node_setup(&n, "10.200.0.0/16", "10.200.4.0/24", 9), 0);
	CHECK(strstr(node_plan(&n), "port 9, 1 peers"));
	first = n.intent;
	CHECK_INT(SET(&n, 3, "192.0.2.3:51820", NULL, 25, { "10.200.7.0/24" }), -EINPROGRESS);
	engine_commit(n.e, first);
	CHECK_INT(SET(&n, 3, "192.0.2.3:51820", NULL, 25, { "10.200.7.0/24" }), 0);
	node_drop(&n);
	node_done(&n);
}

TEST(without_a_tunnel)
{
	struct node n;

	node_init(&n);
	CHECK_INT(SET(&n, 2, NULL, NULL, 0, { "10.200.5.0/24" }), 0);
	CHECK_STR(node_change(&n), "");
	CHECK_STR(node_plan(&n), "");
	node_commit(&n);
	CHECK_INT(SET(&n, 1, "192.0.2.1:1", NULL, 5, { "172.30.0.0/16", "fd00::/64" }), 0);
	node_commit(&n);
	check_peers(&n, "1 192.0.2.1:1 172.30.0.0/16 fd00::/64; 2 10.200.5.0/24; "); /* by key */
	CHECK_INT(node_setup(&n, "10.200.0.0/16", "10.200.4.0/24", 0), 0);
	CHECK_STR(node_plan(&n),
		  "firewall\n"
		  "prefix 10.200.4.0/26\n"
		  "tunnel zl-9eae6e0a9b-g 10.200.4.1/16 port 0, 2 peers\n"
		  "route 172.30.0.0/16 by zl-9eae6e0a9b-g from 10.200.4.1 if possible\n"
		  "route fd00::/64 by zl-9eae6e0a9b-g if possible\n");
	node_commit(&n);
	CHECK_INT(peer_unset(&n, 1), 0);
	CHECK_STR(node_plan(&n), "no route 172.30.0.0/16 by zl-9eae6e0a9b-g from 10.200.4.1\n"
				 "no route fd00::/64 by zl-9eae6e0a9b-g\n");
	node_commit(&n);
	node_done(&n);
}

TEST(dropped)
{
	struct node n;
	struct intent *intent;

	node_init(&n);
	node_has_tunnel(&n);
	CHECK_INT(SET(&n, 1, NULL, NULL, 0, { "10.200.5.0/24" }), 0);
	intent = n.intent;
	CHECK_INT(SET(&n, 1, NULL, NULL, 0, { "10.200.6.0/24" }), -EINPROGRESS);
	CHECK_INT(peer_unset(&n, 1), -EINPROGRESS);
	CHECK_INT(peer_allow(&n, 1, "10.200.5.0/24", false), -EINPROGRESS);
	CHECK_INT(peer_allow(&n, 1, "10.200.9.0/24", true), -EINPROGRESS);
	CHECK_INT(SET(&n, 2, NULL, NULL, 0, { "10.200.6.0/24" }), 0); /* another one goes on */
	node_commit(&n);
	engine_drop(n.e, intent);
	check_peers(&n, "2 10.200.6.0/24; ");
	CHECK_INT(SET(&n, 2, NULL, NULL, 0, { "10.200.7.0/24" }), 0);
	node_drop(&n);
	check_peers(&n, "2 10.200.6.0/24; ");
	node_done(&n);
}

/* ---- prefixes ---- */

TEST(one_by_one)
{
	struct node n;

	node_init(&n);
	node_has_tunnel(&n);
	CHECK_INT(peer_allow(&n, 1, "10.200.5.0/24", false), -ENOENT);
	CHECK_STR(engine_reason(n.e),
		  "no peer has the key AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=");
	CHECK_INT(peer_allow(&n, 1, "10.200.5.0/24", true), -EALREADY);
	CHECK_INT(SET(&n, 1, "192.0.2.1:1", NULL, 0, { NULL }), 0);
	node_commit(&n);
	CHECK_INT(peer_allow(&n, 1, "172.30.0.0/16", false), 0);
	CHECK_STR(node_change(&n), "peer 1 +172.30.0.0/16\n");
	CHECK_STR(node_plan(&n), "route 172.30.0.0/16 by zl-9eae6e0a9b-g from 10.200.4.1\n");
	node_commit(&n);
	CHECK_INT(peer_allow(&n, 1, "172.30.0.0/16", false), -EALREADY);
	CHECK_INT(peer_allow(&n, 1, "172.30.0.0/17", true), -EALREADY); /* it isn't this one */
	CHECK_INT(peer_allow(&n, 1, "172.30.0.0/16", true), 0);
	CHECK_STR(node_change(&n), "peer 1 -172.30.0.0/16\n");
	CHECK_STR(node_plan(&n), "no route 172.30.0.0/16 by zl-9eae6e0a9b-g from 10.200.4.1\n");
	node_commit(&n);
	check_peers(&n, "1 192.0.2.1:1; ");
	CHECK_INT(SET(&n, 1, "192.0.2.1:1", NULL, 0, { "10.9.0.0/16", "10.9.0.0/16" }), 0);
	CHECK(strstr(node_change(&n), "peer 1 +10.9.0.0/16\n")); /* twice is once */
	node_commit(&n);
	node_done(&n);
}

/* A prefix goes to the peer that got it last, when that stands. */
TEST(moves)
{
	struct node n;
	struct intent *intent;

	node_init(&n);
	node_has_tunnel(&n);
	CHECK_INT(SET(&n, 1, NULL, NULL, 0, { "10.200.5.0/24", "10.200.6.0/24" }), 0);
	node_commit(&n);
	CHECK_INT(SET(&n, 2, NULL, NULL, 0, { "10.200.5.0/24" }), 0);
	CHECK(strstr(node_change(&n), "peer 2 keepalive 0 +10.200.5.0/24\n"));
	intent = n.intent;
	CHECK_INT(peer_allow(&n, 1, "10.200.7.0/24", false),
		  -EINPROGRESS); /* its list is in doubt */
	engine_drop(n.e, intent);
	check_peers(&n, "1 10.200.5.0/24 10.200.6.0/24; ");
	CHECK_INT(SET(&n, 2, NULL, NULL, 0, { "10.200.5.0/24" }), 0);
	node_commit(&n);
	check_peers(&n, "1 10.200.6.0/24; 2 10.200.5.0/24; ");
	CHECK_INT(peer_allow(&n, 1, "10.200.7.0/24", false), 0); /* and it is free again */
	intent = n.intent;
	CHECK_INT(SET(&n, 2, NULL, NULL, 0, { "10.200.6.0/24" }), -EINPROGRESS);
	engine_commit(n.e, intent);
	CHECK_INT(SET(&n, 2, NULL, NULL, 0, { "10.200.6.0/24" }), 0);
	node_commit(&n);
	check_peers(&n, "1 10.200.7.0/24; 2 10.200.6.0/24; ");
	node_done(&n);
}

TEST(refused)
{
	const struct ovd_key own = { { 0xab, 0xcd, 0xef, 0x12 } };
	struct peer_spec spec = { .key = own };
	struct node n;

	node_init(&n);
	CHECK_INT(engine_peer_set(n.e, &spec, &n.plan, &n.change, &n.intent), -EINVAL);
	CHECK_STR(engine_reason(n.e), "the peer's key is this node's own");
	CHECK_INT(SET(&n, 1, NULL, NULL, 0, { "10.9.0.0/16", "0.0.0.0/0" }), -EINVAL);
	CHECK_STR(engine_reason(n.e),
		  "allowed_ips: 0.0.0.0/0 would take all of the host's traffic into the tunnel");
	CHECK_INT(engine_peer_count(n.e), 0);
	CHECK_INT(SET(&n, 1, NULL, NULL, 0, { "10.9.0.0/16" }), 0);
	node_commit(&n);
	CHECK_INT(peer_allow(&n, 1, "::/0", false), -EINVAL);
	check_peers(&n, "1 10.9.0.0/16; ");
	node_done(&n);
}

TEST(most_prefixes)
{
	struct ovd_cidr allowed[PEER_ALLOWED_MAX + 1];
	struct peer_spec spec = { .key = { { 1 } }, .allowed = allowed };
	struct node n;

	for (unsigned i = 0; i <= PEER_ALLOWED_MAX; i++)
		allowed[i] = (struct ovd_cidr){
			.ip = { .len = 4, .b = { 172, 16, (uint8_t)(i >> 8), (uint8_t)i } },
			.prefix_len = 32
		};
	node_init(&n);
	spec.n_allowed = PEER_ALLOWED_MAX + 1;
	CHECK_INT(engine_peer_set(n.e, &spec, &n.plan, &n.change, &n.intent), -E2BIG);
	spec.n_allowed = PEER_ALLOWED_MAX;
	CHECK_INT(engine_peer_set(n.e, &spec, &n.plan, &n.change, &n.intent), 0);
	node_commit(&n);
	CHECK_INT(peer_allow(&n, 1, "10.9.0.0/16", false), -E2BIG);
	CHECK_STR(engine_reason(n.e), "allowed_ips: more than 1024 prefixes");
	CHECK_INT(peer_allow(&n, 1, "172.16.0.0/32", true), 0);
	node_commit(&n);
	CHECK_INT(peer_allow(&n, 1, "10.9.0.0/16", false), 0);
	node_commit(&n);
	node_done(&n);
}

/* One that two peers are to get goes to one after the other. */
TEST(one_gets_it_first)
{
	struct node n;
	struct intent *intent;

	node_init(&n);
	node_has_tunnel(&n);
	CHECK_INT(SET(&n, 1, NULL, NULL, 0, { "10.200.5.0/24" }), 0);
	intent = n.intent;
	CHECK_INT(SET(&n, 2, NULL, NULL, 0, { "10.200.6.0/24", "10.200.5.0/24" }), -EINPROGRESS);
	CHECK_INT(engine_peer_count(n.e), 1);
	CHECK_INT(SET(&n, 3, NULL, NULL, 0, { "10.200.6.0/24" }), 0); /* that left nothing behind */
	node_drop(&n);
	engine_commit(n.e, intent);
	CHECK_INT(SET(&n, 2, NULL, NULL, 0, { "10.200.6.0/24", "10.200.5.0/24" }), 0);
	node_commit(&n);
	check_peers(&n, "1; 2 10.200.6.0/24 10.200.5.0/24; ");
	CHECK_INT(SET(&n, 1, NULL, NULL, 0, { "10.200.5.0/24" }), 0);
	node_drop(&n);
	CHECK_INT(SET(&n, 1, NULL, NULL, 0, { "10.200.5.0/24", "10.200.6.0/24" }), 0);
	node_commit(&n); /* both of them */
	check_peers(&n, "1 10.200.5.0/24 10.200.6.0/24; 2; ");
	CHECK_INT(peer_allow(&n, 2, "10.200.7.0/24", false), 0); /* and nobody is busy any more */
	node_commit(&n);
	CHECK_INT(node_setup(&n, "10.200.0.0/16", "10.200.4.0/24", 9), 0);
	node_drop(&n);
	node_done(&n);
}

/* What a peer was to get, and what it had, is anybody's when it doesn't, or goes. */
TEST(free_again)
{
	struct node n;

	node_init(&n);
	node_has_tunnel(&n);
	for (uint8_t i = 1; i < 5; i++) {
		CHECK_INT(SET(&n, i, NULL, NULL, 0, { "10.200.5.0/24", "10.200.6.0/24" }), 0);
		node_commit(&n);
		CHECK_INT(peer_allow(&n, i, "10.200.7.0/24", false), 0);
		node_drop(&n);
		CHECK_INT(peer_allow(&n, i, "10.200.7.0/24", false), 0);
		CHECK(strstr(node_change(&n), " +10.200.7.0/24\n")); /* it doesn't have it yet */
		node_commit(&n);
		CHECK_INT(SET(&n, i, NULL, NULL, 0, { "10.200.6.0/24", "10.200.6.0/24" }), 0);
		node_commit(&n);
		CHECK_INT(SET(&n, i, NULL, NULL, 0, { "10.200.6.0/24" }), -EALREADY);
		CHECK_INT(peer_unset(&n, i), 0);
		node_commit(&n);
	}
	check_peers(&n, "");
	node_done(&n);
}

/* ---- endpoints ---- */

TEST(hosts)
{
	struct node n;

	node_init(&n);
	node_has_tunnel(&n);
	CHECK_INT(SET(&n, 1, NULL, "a.example:51820", 0, { "10.200.5.0/24" }), 0);
	CHECK_STR(node_change(&n), "peer 1 keepalive 0 +10.200.5.0/24\n");
	node_commit(&n);
	check_peers(&n, "1 a.example:51820 10.200.5.0/24; ");
	CHECK_INT(peer_is_resolved(&n, 2, "a.example:51820", "192.0.2.1:51820"), -ENOENT);
	CHECK_INT(peer_is_resolved(&n, 1, "b.example:51820", "192.0.2.1:51820"), -ENOENT);
	CHECK_INT(peer_is_resolved(&n, 1, "a.example:51820", "192.0.2.1:51820"), 0);
	CHECK_STR(node_change(&n), "peer 1 at 192.0.2.1:51820\n");
	node_drop(&n);
	check_peers(&n, "1 a.example:51820 10.200.5.0/24; ");
	CHECK_INT(peer_is_resolved(&n, 1, "a.example:51820", "192.0.2.1:51820"), 0);
	node_commit(&n);
	check_peers(&n, "1 a.example:51820 192.0.2.1:51820 10.200.5.0/24; ");
	CHECK_INT(peer_is_resolved(&n, 1, "a.example:51820", "192.0.2.1:51820"), -EALREADY);
	/* the same name again: what it was found to be stays */
	CHECK_INT(SET(&n, 1, NULL, "a.example:51820", 0, { "10.200.5.0/24" }), -EALREADY);
	CHECK_INT(peer_allow(&n, 1, "10.200.6.0/24", false), 0);
	CHECK_STR(node_change(&n), "peer 1 +10.200.6.0/24\n");
	node_commit(&n);
	check_peers(&n, "1 a.example:51820 192.0.2.1:51820 10.200.5.0/24 10.200.6.0/24; ");
	/* another name: nothing is known of it yet */
	CHECK_INT(SET(&n, 1, NULL, "b.example:51820", 0, { "10.200.5.0/24" }), 0);
	node_commit(&n);
	check_peers(&n, "1 b.example:51820 10.200.5.0/24; ");
	CHECK_INT(peer_is_resolved(&n, 1, "a.example:51820", "192.0.2.9:51820"),
		  -ENOENT); /* too late */
	CHECK_INT(SET(&n, 1, "[fd00::1]:7", NULL, 0, { "10.200.5.0/24" }), 0);
	CHECK_STR(node_change(&n), "peer 1 at [fd00::1]:7\n");
	node_commit(&n);
	check_peers(&n, "1 [fd00::1]:7 10.200.5.0/24; ");
	node_done(&n);
}

static int set_plain(struct node *n, unsigned number, uint16_t keepalive)
{
	struct peer_spec spec = { .keepalive = keepalive };

	memcpy(spec.key.b, &number, sizeof(number));
	n->intent = NULL;
	return engine_peer_set(n->e, &spec, &n->plan, &n->change, &n->intent);
}

TEST(no_more_peers_than_status_can_tell)
{
	struct node n;

	node_init(&n);
	for (unsigned i = 1; i <= PEERS_MAX; i++) {
		CHECK_INT(set_plain(&n, i, 0), 0);
		node_commit(&n);
	}
	CHECK_INT(set_plain(&n, PEERS_MAX + 1, 0), -ENOSPC);
	CHECK_STR(engine_reason(n.e), "32768 peers are known, and no more can be");
	CHECK_INT(set_plain(&n, 9, 1), 0); /* those that are known may still change */
	node_commit(&n);
	CHECK_INT(peer_unset(&n, 9), 0);
	node_commit(&n);
	CHECK_INT(set_plain(&n, PEERS_MAX + 1, 0), 0);
	node_commit(&n);
	node_done(&n);
}
