#include <errno.h>
#include <stdio.h>

#include "tests/server/engine/peers.h"

static void doubt(struct node *n, bool commit)
{
	engine_peer_doubt(n->e, n->intent);
	(commit ? node_commit : node_drop)(n);
}

/* The tunnel may have done it or not: what is wanted next is told in full, once. */
TEST(in_doubt)
{
	static const char full[] = "peer 1 goes\n"
				   "peer 1 at 192.0.2.1:1 keepalive 5 +10.200.5.0/24\n";
	struct node n;

	node_init(&n);
	node_has_tunnel(&n);
	CHECK_INT(SET(&n, 1, "192.0.2.1:1", NULL, 5, { "10.200.5.0/24" }), 0);
	node_commit(&n);
	CHECK_INT(peer_unset(&n, 1), 0);
	doubt(&n, false);
	CHECK_INT(SET(&n, 1, "192.0.2.1:1", NULL, 5, { "10.200.5.0/24" }), 0);
	CHECK_STR(node_change(&n), full);
	node_drop(&n);
	CHECK_INT(SET(&n, 1, "192.0.2.1:1", NULL, 5, { "10.200.5.0/24" }), 0);
	CHECK_STR(node_change(&n), full);
	node_commit(&n);
	CHECK_INT(SET(&n, 1, "192.0.2.1:1", NULL, 5, { "10.200.5.0/24" }), -EALREADY);
	CHECK_INT(peer_allow(&n, 1, "10.200.6.0/24", false), 0);
	doubt(&n, false);
	CHECK_INT(peer_allow(&n, 1, "10.200.6.0/24", true),
		  0); /* it isn't wanted, but may be there */
	CHECK_STR(node_change(&n), full);
	node_drop(&n);
	CHECK_INT(peer_allow(&n, 1, "10.200.5.0/24", false), 0);
	CHECK_STR(node_change(&n), full);
	node_commit(&n);
	check_peers(&n, "1 192.0.2.1:1 10.200.5.0/24; ");
	CHECK_INT(SET(&n, 1, "192.0.2.1:1", NULL, 0, { "10.200.5.0/24" }), 0);
	doubt(&n, true); /* kept, but not told */
	CHECK_INT(SET(&n, 1, "192.0.2.1:1", NULL, 0, { "10.200.5.0/24" }), 0);
	CHECK_STR(node_change(&n),
		  "peer 1 goes\npeer 1 at 192.0.2.1:1 keepalive 0 +10.200.5.0/24\n");
	doubt(&n, false);
	CHECK_INT(peer_unset(&n, 1), 0);
	CHECK_STR(node_change(&n), "peer 1 goes\n");
	doubt(&n, true);
	CHECK_INT(peer_unset(&n, 1), 0); /* nor is a stranger's end */
	doubt(&n, true);
	check_peers(&n, "");
	node_done(&n);
}

static int doubted(struct node *n)
{
	n->change = (struct tunnel_change){ .n_peers = 0 };
	return engine_peers_doubted(n->e, NODES_TUNNEL, &n->change, &n->intent);
}

TEST(what_is_told_of_doubts)
{
	struct intent *intent;
	struct node n;

	node_init(&n);
	node_has_tunnel(&n);
	CHECK_INT(doubted(&n), -EALREADY);
	CHECK_INT(SET(&n, 1, "192.0.2.1:1", NULL, 5, { "10.200.5.0/24" }), 0);
	doubt(&n, false); /* nobody wants it */
	CHECK_INT(SET(&n, 2, NULL, NULL, 0, { "10.200.6.0/24" }), 0);
	node_commit(&n);
	CHECK_INT(peer_allow(&n, 2, "10.200.7.0/24", false), 0);
	doubt(&n, false); /* it is wanted as before */
	CHECK_INT(peer_unset(&n, 3), 0);
	doubt(&n, false); /* a stranger */
	CHECK_INT(doubted(&n), 0);
	CHECK_STR(node_change(&n), "peer 3 goes\npeer 2 goes\npeer 2 keepalive 0 +10.200.6.0/24\n"
				   "peer 1 goes\n");
	node_drop(&n);
	CHECK_INT(SET(&n, 1, NULL, NULL, 0, { "10.200.5.0/24" }),
		  0); /* is told in full by itself */
	CHECK_STR(node_change(&n), "peer 1 goes\npeer 1 keepalive 0 +10.200.5.0/24\n");
	intent = n.intent;
	CHECK_INT(doubted(&n), 0);
	CHECK_STR(node_change(&n), "peer 3 goes\npeer 2 goes\npeer 2 keepalive 0 +10.200.6.0/24\n");
	node_commit(&n);
	CHECK_INT(doubted(&n), -EALREADY);
	engine_drop(n.e, intent);
	CHECK_INT(doubted(&n), 0);
	CHECK_STR(node_change(&n), "peer 1 goes\n");
	node_commit(&n);
	CHECK_INT(doubted(&n), -EALREADY);
	CHECK_INT(peer_allow(&n, 2, "10.200.6.0/24", false), -EALREADY); /* it is sure again */
	node_done(&n);
}

/* A setup tells all that is wanted, and after a teardown nobody has anything. */
TEST(doubts_that_end_with_the_tunnel)
{
	struct node n;

	node_init(&n);
	node_has_tunnel(&n);
	CHECK_INT(SET(&n, 1, NULL, NULL, 0, { "10.200.5.0/24" }), 0);
	doubt(&n, false);
	CHECK_INT(SET(&n, 2, NULL, NULL, 0, { "10.200.6.0/24" }), 0);
	doubt(&n, true);
	node_has_tunnel(&n);
	CHECK_INT(doubted(&n), 0);
	CHECK_STR(node_change(&n), "peer 1 goes\n");
	node_drop(&n);
	CHECK_INT(node_teardown(&n), 0);
	node_commit(&n);
	node_has_tunnel(&n);
	CHECK_INT(doubted(&n), -EALREADY);
	node_done(&n);
}

/* A prefix that may have moved: whoever had it is in doubt too. */
TEST(in_doubt_whose_prefix)
{
	struct node n;

	node_init(&n);
	node_has_tunnel(&n);
	CHECK_INT(SET(&n, 1, NULL, NULL, 0, { "10.200.5.0/24" }), 0);
	node_commit(&n);
	CHECK_INT(SET(&n, 2, NULL, NULL, 0, { "10.200.5.0/24" }), 0);
	doubt(&n, false);
	CHECK_INT(SET(&n, 1, NULL, NULL, 0, { "10.200.5.0/24" }), 0);
	CHECK_STR(node_change(&n), "peer 1 goes\npeer 1 keepalive 0 +10.200.5.0/24\n");
	node_commit(&n);
	node_done(&n);
}
