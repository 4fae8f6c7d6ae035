#include <errno.h>

#include "tests/server/engine/node.h"

static void check_reason(struct node *n, const char *want)
{
	CHECK_STR(engine_reason(n->e), want);
}

TEST(setup)
{
	struct node n;
	struct global_view g;
	const struct step_tunnel *tunnel;
	char text[IP_TEXT_MAX], block[CIDR_TEXT_MAX];

	node_init(&n);
	CHECK_STR(engine_mark(n.e), "overlayd abcdef12");
	CHECK_INT(node_setup(&n, "10.200.0.0/16", "10.200.4.0/24", 51820), 0);
	CHECK_STR(node_plan(&n), "firewall\n"
				 "prefix 10.200.4.0/26\n"
				 "tunnel zl-9eae6e0a9b-g 10.200.4.1/16 port 51820, 0 peers\n");
	CHECK(n.plan.patient); /* there may be thousands of peers */
	tunnel = &node_step(&n, 2)->tunnel;
	CHECK_STR(tunnel->alias, "overlayd abcdef12 tunnel zl-9eae6e0a9b-g\tslice=10.200.4.0/24,"
				 "names:6:zlayer12345");
	CHECK_STR(tunnel->mark, "overlayd abcdef12");
	CHECK_STR(cidr_format(&tunnel->want.block, block), "10.200.4.0/26");
	CHECK_INT(tunnel->want.private_key.b[0], 1);
	CHECK_STR(engine_global(n.e).link, ""); /* not before the plan stands */
	node_commit(&n);
	g = engine_global(n.e);
	CHECK_STR(g.link, "zl-9eae6e0a9b-g");
	CHECK_STR(ip_format(&g.node_ip, text), "10.200.4.1");
	CHECK(g.has_cluster && g.has_slice && g.slice.prefix_len == 24);
	CHECK(engine_owns_link(n.e, view("zl-9eae6e0a9b-g")));
	CHECK(!engine_owns_link(n.e, view("zl-9eae6e0a9b-")));
	node_done(&n);
}

/* The node's own block, and the node in it. */
TEST(ranges)
{
	static const struct {
		const char *cluster, *slice, *prefix, *ip;
	} rows[] = {
		{ "10.200.0.0/16", "10.200.4.0/24", "prefix 10.200.4.0/26\n", " 10.200.4.1/16 " },
		{ "10.200.0.0/16", "10.200.4.0/25", "prefix 10.200.4.0/26\n", " 10.200.4.1/16 " },
		/* too small for two blocks: all of it */
		{ "10.200.0.0/16", "10.200.4.64/26", "prefix 10.200.4.64/26\n",
		  " 10.200.4.65/16 " },
		{ "10.200.0.0/16", "10.200.4.32/28", "prefix 10.200.4.32/28\n",
		  " 10.200.4.33/16 " },
		{ "10.200.0.0/16", "10.200.4.2/31", "prefix 10.200.4.2/31\n", " 10.200.4.3/16 " },
		{ "10.200.0.0/16", NULL, "prefix 10.200.0.0/26\n", " 10.200.0.1/16 " },
		{ "10.0.0.8/29", NULL, "prefix 10.0.0.8/29\n", " 10.0.0.9/29 " },
		{ "10.200.4.0/24", "10.200.4.0/24", "prefix 10.200.4.0/26\n", " 10.200.4.1/24 " },
		{ "fd00::/48", "fd00:0:0:4::/64", "prefix fd00:0:0:4::/120\n",
		  " fd00:0:0:4::1/48 " },
		{ "fd00::/64", NULL, "prefix fd00::/120\n", " fd00::1/64 " },
		{ "fd00::/64", "fd00::40/122", "prefix fd00::40/122\n", " fd00::41/64 " },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct node n;

		CASE("%s in %s", rows[i].slice ? rows[i].slice : "none", rows[i].cluster);
		node_init(&n);
		CHECK_INT(node_setup(&n, rows[i].cluster, rows[i].slice, 0), 0);
		CHECK(strstr(node_plan(&n), rows[i].prefix));
		CHECK(strstr(node_plan(&n), rows[i].ip));
		node_drop(&n);
		node_done(&n);
	}
}

TEST(refused)
{
	static const struct {
		const char *cluster, *slice, *reason;
	} rows[] = {
		{ "10.200.0.0/32", NULL, "cluster_cidr 10.200.0.0/32: no room for a node" },
		{ "fd00::1/128", NULL, "cluster_cidr fd00::1/128: no room for a node" },
		{ "0.0.0.0/0", "10.200.4.0/24",
		  "cluster_cidr 0.0.0.0/0 would take all of the host's traffic into the tunnel" },
		{ "10.200.0.0/16", "10.201.0.0/24",
		  "slice_cidr 10.201.0.0/24 is not inside cluster_cidr 10.200.0.0/16" },
		{ "10.200.0.0/16", "10.0.0.0/8",
		  "slice_cidr 10.0.0.0/8 is not inside cluster_cidr 10.200.0.0/16" },
		{ "10.200.0.0/16", "fd00::/64",
		  "slice_cidr fd00::/64 is not inside cluster_cidr 10.200.0.0/16" },
		{ "10.200.0.0/16", "10.200.4.1/32",
		  "slice_cidr 10.200.4.1/32: no room for a node" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct node n;

		CASE("%s", rows[i].reason);
		node_init(&n);
		CHECK_INT(node_setup(&n, rows[i].cluster, rows[i].slice, 0), -EINVAL);
		check_reason(&n, rows[i].reason);
		CHECK(!n.intent && n.plan.n == 0);
		node_has_tunnel(&n); /* nothing is left busy */
		node_done(&n);
	}
}

/* While a setup or a teardown is under way, whoever needs the tunnel's state waits. */
static void check_busy(struct node *n)
{
	const struct ovd_cidr allowed = cidr_of("10.9.0.0/16");
	const struct peer_spec peer = { .key = { { 5 } }, .allowed = &allowed, .n_allowed = 1 };
	struct attach_spec spec = attach_spec_of(7, 70, "web");
	struct ovd_ip ip;

	spec.join_global = true;
	CHECK_INT(node_setup(n, "10.200.0.0/16", "10.200.4.0/24", 1), -EINPROGRESS);
	CHECK_INT(node_teardown(n), -EINPROGRESS);
	CHECK_INT(node_service(n, "db", SERVICE_AUTO), -EINPROGRESS);
	CHECK_INT(node_attach_spec(n, &spec, false, &ip), -EINPROGRESS);
	CHECK_INT(engine_lend(n->e, view(""), &ip), -EINPROGRESS);
	CHECK_INT(engine_peer_set(n->e, &peer, &n->plan, &n->change, &n->intent), -EINPROGRESS);
	CHECK_INT(engine_stop(n->e, &n->plan, &n->intent), -EINPROGRESS);
	/* and whoever doesn't goes on */
	node_has_service(n, "web");
	CHECK_INT(engine_lend(n->e, view("web"), &ip), 0);
	CHECK_INT(engine_return(n->e, &ip), 0);
}

TEST(busy)
{
	struct node n;
	struct intent *intent;

	node_init(&n);
	node_has_service(&n, "web");
	CHECK_INT(node_setup(&n, "10.200.0.0/16", "10.200.4.0/24", 1), 0);
	intent = n.intent;
	check_busy(&n);
	engine_commit(n.e, intent);
	CHECK_INT(node_teardown(&n), 0);
	intent = n.intent;
	check_busy(&n);
	engine_drop(n.e, intent);
	CHECK_STR(engine_global(n.e).link, "zl-9eae6e0a9b-g");
	CHECK_INT(node_service(&n, "db", SERVICE_AUTO), 0);
	node_drop(&n);
	node_done(&n);
}

TEST(only_what_differs)
{
	struct node n;

	node_init(&n);
	node_has_tunnel(&n);
	/* what is so already is looked after by the platform */
	CHECK_INT(node_setup(&n, "10.200.0.0/16", "10.200.4.0/24", 51820), 0);
	CHECK(strstr(node_plan(&n),
		     " 10.200.4.1/16 port 51820, 0 peers, was 10.200.4.1/16 port 51820\n"));
	node_commit(&n);
	CHECK_INT(node_setup(&n, "10.200.0.0/16", "10.200.4.0/24", 9), 0);
	CHECK(strstr(node_plan(&n),
		     " 10.200.4.1/16 port 9, 0 peers, was 10.200.4.1/16 port 51820\n"));
	node_drop(&n); /* as it was: the same step again */
	CHECK_INT(node_setup(&n, "10.200.0.0/15", "10.200.4.0/24", 51820), 0);
	CHECK(strstr(node_plan(&n), " 10.200.4.1/15 port 51820, 0 peers, was 10.200.4.1/16"));
	CHECK(!strstr(node_plan(&n), "no prefix"));
	node_commit(&n);
	/* a larger slice with the same first block changes nothing of the tunnel */
	CHECK_INT(node_setup(&n, "10.200.0.0/15", "10.200.4.0/22", 51820), 0);
	CHECK(strstr(node_plan(&n), " 10.200.4.1/15 port 51820, 0 peers, was 10.200.4.1/15"));
	node_commit(&n);
	CHECK_INT(engine_global(n.e).slice.prefix_len, 22);
	CHECK_INT(node_setup(&n, "10.200.0.0/15", "10.201.0.0/24", 51820), 0);
	/* the old block goes first: the new one may overlap it */
	CHECK(strstr(node_plan(&n), "no prefix 10.200.4.0/26\nprefix 10.201.0.0/26\n"));
	node_commit(&n);
	node_done(&n);
}

TEST(the_block_must_be_free)
{
	struct node n;
	struct ovd_ip ip;

	node_init(&n);
	node_has_service(&n, "web"); /* 10.200.187.128/26, as nothing else is known yet */
	CHECK_INT(node_setup(&n, "10.200.0.0/16", "10.200.187.128/25", 0), -EBUSY);
	check_reason(&n, "the node's block 10.200.187.128/26 overlaps subnet 10.200.187.128/26 of "
			 "service web: tear that down first");
	node_has_tunnel(&n);
	CHECK_INT(engine_lend(n.e, view(""), &ip), 0);
	CHECK_INT(node_setup(&n, "10.200.0.0/16", "10.200.5.0/24", 0), -EBUSY);
	check_reason(&n, "1 addresses of the node's block 10.200.4.0/26 are in use");
	node_done(&n);
}

/* Addresses that are out keep their block, and its prefix, over a teardown. */
TEST(teardown)
{
	struct node n;
	struct ovd_ip ip, next;

	node_init(&n);
	CHECK_INT(node_teardown(&n), -EALREADY);
	node_has_tunnel(&n);
	CHECK_INT(engine_lend(n.e, view(""), &ip), 0);
	CHECK_INT(node_teardown(&n), 0);
	CHECK_STR(node_plan(&n), "no tunnel zl-9eae6e0a9b-g\n");
	node_commit(&n);
	CHECK_STR(engine_global(n.e).link, "");
	CHECK(!engine_global(n.e).has_cluster);
	CHECK_INT(node_teardown(&n), -EALREADY);
	CHECK_INT(engine_lend(n.e, view(""), &next), 0);
	CHECK(!ip_eq(&ip, &next));
	CHECK_INT(engine_return(n.e, &ip), 0);
	CHECK_INT(engine_return(n.e, &next), 0);
	node_has_tunnel(&n);
	CHECK_INT(node_teardown(&n), 0);
	CHECK_STR(node_plan(&n), "no prefix 10.200.4.0/26\nno tunnel zl-9eae6e0a9b-g\n");
	node_drop(&n);
	node_done(&n);
}

/* What came back while the plan ran is back, also when the plan stands. */
TEST(addresses_move_while_a_plan_runs)
{
	struct node n;
	struct intent *intent;
	struct attach_spec spec = attach_spec_of(7, 70, "web");
	struct ovd_ip ip;

	node_init(&n);
	node_has_tunnel(&n);
	node_has_service(&n, "web");
	spec.join_global = true;
	CHECK_INT(node_attach_spec(&n, &spec, false, &ip), 0);
	node_commit(&n);
	CHECK_INT(node_setup(&n, "10.200.0.0/16", "10.200.4.0/24", 9), 0);
	intent = n.intent;
	CHECK_INT(node_detach(&n, 7), 0);
	node_commit(&n);
	engine_commit(n.e, intent);
	CHECK_INT(node_setup(&n, "10.200.0.0/16", "10.200.6.0/24", 9), 0); /* no address is out */
	node_drop(&n);
	node_done(&n);
}

TEST(stop)
{
	struct node n;

	node_init(&n);
	CHECK_INT(engine_stop(n.e, &n.plan, &n.intent), 0);
	CHECK_STR(node_plan(&n), "no firewall\nsettings back\ngone\n");
	node_commit(&n);
	node_has_tunnel(&n);
	node_has_service(&n, "web");
	node_has_service(&n, "db");
	node_has_container(&n, 7, 70, "web");
	plan_done(&n.plan);
	CHECK_INT(engine_stop(n.e, &n.plan, &n.intent), 0);
	CHECK(strstr(node_plan(&n), "no tunnel zl-9eae6e0a9b-g\n"));
	CHECK(strstr(node_plan(&n), "no bridge"));
	CHECK(!strstr(node_plan(&n), engine_service_link(n.e, view("web"))));
	node_drop(&n);
	CHECK_STR(engine_global(n.e).link, "zl-9eae6e0a9b-g");
	node_done(&n);
}

TEST(remove_all)
{
	struct node n;

	node_init(&n);
	node_has_tunnel(&n);
	node_has_service(&n, "web");
	node_has_container(&n, 7, 70, "web");
	plan_done(&n.plan);
	CHECK_INT(engine_remove_all(n.e, &n.plan), 0);
	CHECK(strncmp(node_plan(&n), "clear overlayd ", 15) == 0);
	CHECK(strstr(node_plan(&n), "\nno firewall\nsettings back\n"));
	plan_done(&n.plan);
	node_done(&n);
}
