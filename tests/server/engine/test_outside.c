/* Services whose subnets are not where other nodes look for them. */
#include <errno.h>

#include "tests/server/engine/node.h"

#define OUTSIDE "bridge zl-web-b 10.200.187.129/26\n"
#define MOVES   "bridge zl-web-b 10.200.4.129/26, was 10.200.187.129\n"

static void check_setup(struct node *n, const char *bridge)
{
	CHECK_INT(node_service(n, "web", SERVICE_AUTO), 0);
	if (!strstr(node_plan(n), bridge))
		check_fail(__FILE__, __LINE__, "no %s in %s", bridge, node_plan(n));
}

/* Nobody loses an address: it moves when the last one has come back. */
TEST(whoever_has_an_address_keeps_it)
{
	const char *name = NULL;
	struct ovd_ip ip, lent;
	struct node n;

	node_init(&n);
	node_has_service(&n, "web");
	ip = node_has_container(&n, 7, 70, "web");
	CHECK_INT(engine_lend(n.e, view("web"), &lent), 0);
	CHECK_INT(engine_services_outside(n.e, &name), 0); /* of nothing yet */
	node_has_tunnel(&n);
	CHECK_INT(engine_services_outside(n.e, &name), 1);
	CHECK_STR(name, "web");
	CHECK_INT(engine_service_move(n.e, &n.plan, &n.intent), -EALREADY);
	check_setup(&n, OUTSIDE);
	CHECK_INT(node_step(&n, 2)->bridge.n_ports, 1);
	node_commit(&n);
	CHECK(engine_service_is_outside(n.e, view("web")));
	CHECK_INT(node_detach(&n, 7), 0);
	node_commit(&n);
	check_setup(&n, OUTSIDE);
	node_commit(&n);
	CHECK_INT(engine_return(n.e, &lent), 0);
	check_setup(&n, MOVES);
	node_commit(&n);
	CHECK(!engine_service_is_outside(n.e, view("web")));
	CHECK(!engine_service_is_outside(n.e, view("db")));
	CHECK_INT(engine_services_outside(n.e, &name), 0);
	ip = node_has_container(&n, 7, 70, "web");
	CHECK(ip_eq(&ip, &(struct ovd_ip){ .len = 4, .b = { 10, 200, 4, 130 } }));
	node_done(&n);
}

/* Both blocks are taken until it is known which one it is. */
TEST(a_move_that_falls)
{
	struct intent *move;
	struct ovd_cidr block;
	struct node n;

	node_init(&n);
	node_has_service(&n, "web");
	CHECK_INT(node_setup(&n, "10.200.0.0/16", "10.200.4.128/25", 0), 0);
	node_commit(&n);
	check_setup(&n, "bridge zl-web-b 10.200.4.193/26, was 10.200.187.129\n");
	move = n.intent;
	CHECK_INT(node_service(&n, "db", SERVICE_AUTO), -ENOSPC);
	CHECK_INT(node_setup(&n, "10.200.0.0/16", "10.200.4.192/26", 0), -EBUSY);
	CHECK_INT(node_setup(&n, "10.200.0.0/16", "10.200.187.128/26", 0), -EBUSY);
	CHECK_INT(node_service(&n, "web", SERVICE_AUTO), -EINPROGRESS);
	CHECK_INT(node_unservice(&n, "web"), -EINPROGRESS);
	engine_drop(n.e, move);
	CHECK(engine_service_is_outside(n.e, view("web")));
	CHECK_INT(node_service(&n, "db", SERVICE_AUTO), 0);
	block = node_step(&n, 1)->prefix.cidr;
	CHECK(cidr_eq(&block, &(struct ovd_cidr){ .ip = ip_of("10.200.4.192"), .prefix_len = 26 }));
	node_commit(&n);
	/* there is no room left: an error, and it stays as it is */
	CHECK_INT(node_service(&n, "web", SERVICE_AUTO), -ENOSPC);
	CHECK_STR(engine_reason(n.e),
		  "every block of slice 10.200.4.128/25 is taken: by the node, 2 services");
	CHECK_INT(node_unservice(&n, "web"), 0);
	CHECK_STR(node_plan(&n), "no prefix 10.200.187.128/26\nno bridge zl-web-b\n");
	node_drop(&n);
	node_done(&n);
}

/* One after the other, until none is left. */
TEST(all_move_that_can)
{
	const char *name;
	struct ovd_ip ip;
	struct node n;

	node_init(&n);
	node_has_service(&n, "web");
	node_has_service(&n, "db");
	CHECK_INT(node_service(&n, "a", SERVICE_SHARED), 0);
	node_commit(&n);
	CHECK_INT(node_service(&n, "b", SERVICE_SHARED), 0);
	node_commit(&n);
	node_has_service(&n, "leaves");
	node_has_container(&n, 7, 70, "leaves");
	CHECK_INT(node_setup(&n, "10.200.0.0/16", "10.200.4.0/22", 0), 0);
	CHECK_INT(engine_service_move(n.e, &n.plan, &(struct intent *){ NULL }), -EALREADY);
	node_commit(&n);
	CHECK_INT(engine_services_outside(n.e, &name), 5);
	for (int i = 0; i < 3; i++) { /* the shared ones have one bridge */
		plan_done(&n.plan);
		CHECK_INT(engine_service_move(n.e, &n.plan, &n.intent), 0);
		CHECK(strstr(node_plan(&n), ", was 10.200."));
		node_commit(&n);
	}
	plan_done(&n.plan);
	CHECK_INT(engine_service_move(n.e, &n.plan, &n.intent), -EALREADY);
	CHECK_INT(engine_services_outside(n.e, &name), 1);
	CHECK_STR(name, "leaves");
	CHECK_INT(node_attach(&n, 8, 80, "b", &ip), 0);
	CHECK(cidr_holds(&(struct ovd_cidr){ .ip = ip_of("10.200.4.0"), .prefix_len = 22 }, &ip));
	node_commit(&n);
	node_done(&n);
}

/* The node's slice is another one. */
TEST(another_slice)
{
	struct node n;

	node_init(&n);
	node_has_tunnel(&n);
	node_has_service(&n, "web");
	CHECK_INT(node_setup(&n, "10.200.0.0/16", "10.200.8.0/24", 0), 0);
	node_commit(&n);
	CHECK_INT(node_service(&n, "web", SERVICE_AUTO), 0);
	CHECK(strstr(node_plan(&n), "bridge zl-8a3d9b380b-b 10.200.8.129/26, was 10.200.4.129\n"));
	node_drop(&n);
	CHECK_INT(node_setup(&n, "fd00:200::/48", "fd00:200:0:4::/64", 0), 0);
	node_commit(&n);
	CHECK_INT(node_service(&n, "web", SERVICE_AUTO), 0);
	CHECK(strstr(node_plan(&n), "/120, was 10.200.4.129\n"));
	CHECK_INT(node_step(&n, 2)->bridge.was_len, 26);
	node_commit(&n);
	node_done(&n);
}

/* The platform says what stands in the way: another address, or ports that an earlier life left. */
TEST(moves_that_must_be_otherwise)
{
	struct ovd_cidr first;
	struct node n;

	node_init(&n);
	node_has_service(&n, "web");
	node_has_tunnel(&n);
	check_setup(&n, MOVES);
	first = node_step(&n, 1)->prefix.cidr;
	CHECK(engine_service_elsewhere(n.e, n.intent));
	CHECK_INT(node_service(&n, "web", SERVICE_AUTO), 0);
	CHECK(!cidr_overlaps(&first, &node_step(&n, 1)->prefix.cidr));
	CHECK(node_step(&n, 2)->bridge.was.len);
	CHECK(engine_service_stay(n.e, n.intent));
	plan_done(&n.plan);
	CHECK_INT(engine_service_move(n.e, &n.plan, &n.intent), -EALREADY);
	check_setup(&n, OUTSIDE); /* once, then it is tried again */
	CHECK(!engine_service_stay(n.e, n.intent));
	CHECK(!engine_service_elsewhere(n.e, n.intent));
	node_commit(&n);
	CHECK_INT(node_service(&n, "web", SERVICE_AUTO), 0);
	CHECK(node_step(&n, 2)->bridge.was.len);
	node_commit(&n);
	node_done(&n);
}
