#include "server/engine/dedicated.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "tests/server/engine/peers.h"

static int unset_peer(struct node *n, const char *service, uint8_t key)
{
	plan_done(&n->plan);
	n->intent = NULL;
	return engine_peer_remove(n->e, view(service), &(struct ovd_key){ { key } }, &n->plan,
				  &n->change, &n->intent);
}

/* Tunnel and bridge have a half of the block each: no address and no prefix of both. */
TEST(setup)
{
	struct dedicated_view seen;
	struct node n;
	char text[CIDR_TEXT_MAX], ip[IP_TEXT_MAX];

	node_init(&n);
	CHECK_INT(node_dedicate(&n, "web"), -ENOENT);
	CHECK(strstr(engine_reason(n.e), "setup_global_overlay comes first"));
	node_has_tunnel(&n);
	CHECK_INT(node_dedicate(&n, "web"), 0);
	CHECK_STR(node_plan(&n), "firewall\n"
				 "prefix 10.200.4.160/27\n"
				 "prefix 10.200.4.128/27\n"
				 "tunnel zl-73f456b5c4-d 10.200.4.129/27 port 51821, 0 peers\n"
				 "bridge zl-8a3d9b380b-b 10.200.4.161/27\n");
	CHECK_INT(node_step(&n, 3)->tunnel.want.private_key.b[0], 7);
	CHECK_STR(engine_tunnel_link(n.e, view("web")), "");
	node_commit(&n);
	CHECK_STR(engine_tunnel_link(n.e, view("web")), "zl-73f456b5c4-d");
	CHECK(engine_owns_link(n.e, view("zl-73f456b5c4-d")));
	CHECK(engine_dedicated(n.e, view("web"), &seen));
	CHECK_STR(cidr_format(&seen.subnet, text), "10.200.4.128/26");
	CHECK_STR(ip_format(&seen.ip, ip), "10.200.4.129");
	node_has_service(&n, "db");
	CHECK(!engine_dedicated(n.e, view("db"), &seen));
	CHECK_INT(engine_dedicated_count(n.e), 1);
	CHECK_INT(node_service(&n, "web", SERVICE_AUTO), -EEXIST);
	CHECK_INT(node_dedicate(&n, "db"), -EEXIST);
	/* again: it keeps its keys, and is looked after */
	CHECK_INT(node_dedicate(&n, "web"), 0);
	CHECK_STR(node_plan(&n), "firewall\n"
				 "prefix 10.200.4.160/27\n"
				 "prefix 10.200.4.128/27\n"
				 "tunnel zl-73f456b5c4-d 10.200.4.129/27 port 51821, 0 peers, "
				 "was 10.200.4.129/27 port 51821\n"
				 "bridge zl-8a3d9b380b-b 10.200.4.161/27\n");
	node_drop(&n);
	CHECK_INT(engine_dedicated_count(n.e), 1);
	node_done(&n);
}

TEST(its_addresses_are_the_bridges_and_no_second_block_comes)
{
	struct ovd_ip ip;
	struct node n;

	node_init(&n);
	node_has_tunnel(&n);
	node_has_dedicated(&n, "web");
	for (uint32_t i = 1; i <= 29; i++) {
		ip = node_has_container(&n, i, i, "web");
		CHECK(cidr_holds(&(struct ovd_cidr){ cidr_of("10.200.4.160/27").ip, 27 }, &ip));
	}
	CHECK_INT(node_attach(&n, 30, 30, "web", &ip), -ENOSPC);
	CHECK_INT(engine_service_grow(n.e, view("web"), &n.plan, &n.intent), -ENOSPC);
	CHECK_STR(engine_reason(n.e),
		  "service web: subnet 10.200.4.160/27 is full: 29 addresses are in use");
	node_done(&n);
}

/* A setup that fails leaks neither port nor subnet. */
TEST(a_setup_that_fails)
{
	char first[512] = "";
	struct node n;

	node_init(&n);
	node_has_tunnel(&n);
	CHECK_INT(node_dedicate(&n, "web"), 0);
	strncat(first, node_plan(&n), sizeof(first) - 1);
	node_drop(&n);
	CHECK_INT(engine_service_count(n.e), 0);
	CHECK_INT(engine_dedicated_count(n.e), 0);
	for (int i = 0; i < 300; i++) {
		CHECK_INT(node_dedicate(&n, "web"), 0);
		CHECK_STR(node_plan(&n), first);
		node_drop(&n);
	}
	node_done(&n);
}

/* The subnet or the port is somebody else's: that one is another then. */
TEST(elsewhere)
{
	struct node n;

	node_init(&n);
	node_has_tunnel(&n);
	CHECK_INT(node_dedicate(&n, "web"), 0);
	CHECK(engine_service_elsewhere(n.e, n.intent));
	CHECK_INT(node_dedicate(&n, "web"), 0);
	CHECK_STR(node_plan(&n), "firewall\n"
				 "prefix 10.200.4.224/27\n"
				 "prefix 10.200.4.192/27\n"
				 "tunnel zl-73f456b5c4-d 10.200.4.193/27 port 51821, 0 peers\n"
				 "bridge zl-8a3d9b380b-b 10.200.4.225/27\n");
	for (int i = 0; i < 20; i++) { /* there are but three blocks */
		CHECK(engine_service_other_port(n.e, n.intent));
		CHECK_INT(engine_service_count(n.e), 0);
		CHECK_INT(node_dedicate(&n, "web"), 0);
	}
	CHECK(strstr(node_plan(&n), "tunnel zl-73f456b5c4-d 10.200.4.193/27 port 51841, 0 peers"));
	node_commit(&n);
	CHECK_INT(node_dedicate(&n, "web"), 0);
	CHECK(!engine_service_elsewhere(n.e, n.intent)); /* one that is there stays */
	CHECK(!engine_service_other_port(n.e, n.intent));
	node_drop(&n);
	CHECK_INT(node_service(&n, "db", SERVICE_AUTO), 0);
	CHECK(!engine_service_other_port(n.e, n.intent));
	node_drop(&n);
	node_done(&n);
}

static void name_of(unsigned i, char name[16])
{
	snprintf(name, 16, "s%u", i);
}

TEST(ports)
{
	char name[16];
	struct node n;

	node_init(&n);
	CHECK_INT(node_setup(&n, "10.0.0.0/8", "10.1.0.0/16", 40000), 0);
	node_commit(&n);
	for (unsigned i = 0; i < 256; i++) {
		name_of(i, name);
		node_has_dedicated(&n, name);
		CHECK_INT(node_port_of(&n, name), 40001 + i);
	}
	CHECK_INT(node_dedicate(&n, "more"), -ENOSPC);
	CHECK_STR(engine_reason(n.e),
		  "dedicated-overlay port band exhausted (40001..=40256, 256 ports)");
	CHECK_INT(engine_service_count(n.e), 256);
	CHECK_INT(node_unservice(&n, "s17"), 0);
	node_commit(&n);
	node_has_dedicated(&n, "more"); /* the lowest that is free */
	CHECK_INT(node_port_of(&n, "more"), 40018);
	CHECK_INT(node_setup(&n, "10.0.0.0/8", "10.1.0.0/16", 40018), -EBUSY);
	CHECK_STR(engine_reason(n.e),
		  "wg_port 40018 is that of service more's tunnel: tear that down first");
	node_done(&n);
}

TEST(a_band_at_the_end_of_all_ports)
{
	struct node n;

	node_init(&n);
	CHECK_INT(node_setup(&n, "10.0.0.0/8", "10.1.0.0/16", 65534), 0);
	node_commit(&n);
	node_has_dedicated(&n, "web");
	CHECK_INT(node_port_of(&n, "web"), 65535);
	CHECK_INT(node_dedicate(&n, "db"), -ENOSPC);
	CHECK_STR(engine_reason(n.e),
		  "dedicated-overlay port band exhausted (65535..=65535, 1 ports)");
	CHECK_INT(node_unservice(&n, "web"), 0);
	node_commit(&n);
	CHECK_INT(node_setup(&n, "10.0.0.0/8", "10.1.0.0/16", 65535), 0);
	node_commit(&n);
	CHECK_INT(node_dedicate(&n, "web"), -ENOSPC);
	CHECK_STR(engine_reason(n.e), "mode dedicated needs a port above the node's wg_port, and "
				      "there is none above 65535");
	node_done(&n);
}

/* The same key and the same prefix: each tunnel has its own. */
TEST(peers)
{
	struct node n;

	node_init(&n);
	node_has_tunnel(&n);
	CHECK_INT(peer_of_service_set(&n, "web", 1, "10.200.5.64/26"), -ENOENT);
	CHECK_STR(engine_reason(n.e), "no dedicated overlay for service web");
	node_has_dedicated(&n, "web");
	node_has_service(&n, "db");
	CHECK_INT(peer_of_service_set(&n, "db", 1, "10.200.5.64/26"), -ENOENT);
	CHECK_INT(peer_of_service_set(&n, "web", 8, "10.200.5.64/26"), -EINVAL);
	CHECK_STR(engine_reason(n.e), "the peer's key is this tunnel's own");
	CHECK_INT(peer_of_service_set(&n, "web", 1, "10.200.5.64/26"), 0);
	CHECK_STR(node_plan(&n), "route 10.200.5.64/26 by zl-73f456b5c4-d from 10.200.4.129\n");
	CHECK_INT(n.change.n_peers, 1);
	node_commit(&n);
	peer_of_service(&n, NULL, 1, "10.200.5.64/26");
	CHECK_INT(engine_peer_count(n.e), 1);
	node_done(&n);
}

TEST(peers_and_their_tunnel_wait_for_each_other)
{
	struct intent *peer;
	struct node n;

	node_init(&n);
	node_has_tunnel(&n);
	node_has_dedicated(&n, "web");
	CHECK_INT(peer_of_service_set(&n, "web", 1, "10.200.5.64/26"), 0);
	peer = n.intent;
	CHECK_INT(node_dedicate(&n, "web"), -EINPROGRESS);
	CHECK_INT(node_unservice(&n, "web"), -EINPROGRESS);
	CHECK_INT(peer_of_service_set(&n, "web", 2, "10.200.6.64/26"),
		  -EINPROGRESS); /* it is its turn */
	peer_of_service(&n, NULL, 2, "10.200.6.64/26");
	engine_commit(n.e, peer);
	CHECK_INT(node_dedicate(&n, "web"), 0);
	CHECK_INT(node_step(&n, 3)->tunnel.n_peers, 1);
	node_commit(&n);
	CHECK_INT(peer_of_service_set(&n, "web", 2, "10.200.6.64/26"), 0);
	node_drop(&n);
	CHECK_INT(unset_peer(&n, "web", 1), 0);
	CHECK_STR(node_plan(&n), "no route 10.200.5.64/26 by zl-73f456b5c4-d from 10.200.4.129\n");
	node_commit(&n);
	CHECK_INT(engine_peer_count(n.e), 1);
	node_done(&n);
}

/* ---- its end ---- */

struct told {
	unsigned n_there, n_gone;
};

static void note_change(void *arg, const struct state_record *record _unused_, bool there)
{
	struct told *told = arg;

	told->n_there += there;
	told->n_gone += !there;
}

TEST(teardown)
{
	const struct state_record orphan = {
		.kind = STATE_RECORD_PEER,
		.peer = { .key = VIEW_LITERAL("BAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="),
			  .service = VIEW_LITERAL("web") },
	};
	struct told told = { .n_there = 0 };
	struct node n;

	node_init(&n);
	node_has_tunnel(&n);
	node_has_dedicated(&n, "web");
	engine_watch_peers(n.e, note_change, &told);
	peer_of_service(&n, "web", 1, "10.200.5.64/26");
	peer_of_service(&n, NULL, 1, "10.200.5.0/24");
	CHECK_INT(told.n_there, 2);
	CHECK_INT(node_unservice(&n, "web"), 0);
	CHECK_STR(node_plan(&n), "no prefix 10.200.4.128/27\n"
				 "no tunnel zl-73f456b5c4-d\n"
				 "no prefix 10.200.4.160/27\n"
				 "no bridge zl-8a3d9b380b-b\n");
	node_commit(&n);
	CHECK_INT(told.n_gone, 1);
	CHECK_INT(engine_dedicated_count(n.e), 0);
	CHECK_INT(engine_peer_count(n.e), 1);
	CHECK_INT(engine_restore(n.e, &orphan), -ENOENT); /* a crash may leave it */
	node_has_dedicated(&n, "web");                    /* all of it is free again */
	CHECK_INT(node_port_of(&n, "web"), 51821);
	node_done(&n);
}

TEST(it_goes_with_its_last_container)
{
	struct node n;

	node_init(&n);
	node_has_tunnel(&n);
	node_has_dedicated(&n, "web");
	node_has_container(&n, 1, 1, "web");
	CHECK_INT(node_unservice(&n, "web"), 0);
	CHECK_STR(node_plan(&n), "");
	node_commit(&n);
	CHECK_STR(engine_tunnel_link(n.e, view("web")), "zl-73f456b5c4-d");
	CHECK_INT(node_detach(&n, 1), 0);
	node_commit(&n);
	CHECK_INT(node_reap(&n), 0);
	CHECK(strstr(node_plan(&n), "no tunnel zl-73f456b5c4-d\n"));
	node_commit(&n);
	CHECK_INT(engine_service_count(n.e), 0);
	node_done(&n);
}

TEST(stop)
{
	struct node n;

	node_init(&n);
	node_has_tunnel(&n);
	node_has_dedicated(&n, "web");
	node_has_container(&n, 1, 1, "web");
	plan_done(&n.plan);
	CHECK_INT(engine_stop(n.e, &n.plan, &n.intent), 0);
	CHECK(strstr(node_plan(&n), "no tunnel zl-73f456b5c4-d\n"));
	CHECK(!strstr(node_plan(&n), "no bridge"));
	node_commit(&n);
	CHECK_STR(engine_tunnel_link(n.e, view("web")), "");
	node_done(&n);
}

TEST(repair)
{
	struct node n;

	node_init(&n);
	node_has_tunnel(&n);
	node_has_dedicated(&n, "web");
	plan_done(&n.plan);
	CHECK_INT(engine_repair(n.e, &n.plan), 0);
	CHECK_STR(node_plan(&n), "uplink\n"
				 "firewall\n"
				 "prefix 10.200.4.0/26\n"
				 "prefix 10.200.4.128/27\n"
				 "prefix 10.200.4.160/27\n");
	node_done(&n);
}

/* A service that was gone and is there again when the tunnel has been told of doubts. */
TEST(doubts_of_a_service_that_goes)
{
	struct tunnel_change change;
	struct intent *told;
	struct node n;

	node_init(&n);
	node_has_tunnel(&n);
	node_has_dedicated(&n, "web");
	CHECK_INT(peer_of_service_set(&n, "web", 1, "10.200.5.64/26"), 0);
	engine_peer_doubt(n.e, n.intent);
	node_drop(&n);
	CHECK_INT(engine_peers_doubted(n.e, NODES_TUNNEL, &change, &told), -EALREADY);
	CHECK_INT(engine_peers_doubted(n.e, view("web"), &change, &told), 0);
	CHECK(change.n_peers == 1 && change.peers[0].remove);
	CHECK_INT(node_unservice(&n, "web"), 0);
	node_commit(&n);
	engine_commit(n.e, told);
	CHECK_INT(engine_peers_doubted(n.e, view("web"), &change, &told), -EALREADY);
	node_done(&n);
}
