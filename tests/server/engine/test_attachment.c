#include <errno.h>

#include "tests/server/engine/node.h"

static void check_ip(const struct ovd_ip *ip, const char *want)
{
	char text[IP_TEXT_MAX];

	CHECK_STR(ip_format(ip, text), want);
}

TEST(attach)
{
	struct node n;
	struct attach_spec spec = attach_spec_of(7, 0x1234, "web");
	struct ovd_ip ip;

	node_init(&n);
	node_has_tunnel(&n);
	node_has_service(&n, "web");
	CHECK_INT(node_attach_spec(&n, &spec, false, &ip), 0);
	CHECK_STR(node_plan(&n), "veth zl-00001234-0 on zl-8a3d9b380b-b: eth0 10.200.4.130/26 via "
				 "10.200.4.129\n");
	check_ip(&ip, "10.200.4.130");
	CHECK_INT(node_step(&n, 0)->veth.netns, 99);
	CHECK_STR(node_step(&n, 0)->veth.alias, "overlayd abcdef12 container web\tpid=7@32620");
	node_drop(&n);
	CHECK_INT(engine_attachment_count(n.e), 0);
	spec.join_global = true;
	CHECK_INT(node_attach_spec(&n, &spec, false, &ip), 0);
	CHECK_STR(node_plan(&n), "veth zl-00001234-0 on zl-8a3d9b380b-b: eth0 10.200.4.131/26 via "
				 "10.200.4.129\n"
				 "join zl-00001234-1: eth1 10.200.4.2, node 10.200.4.1, block "
				 "10.200.4.0/26\n");
	CHECK_INT(node_step(&n, 1)->join.netns, 99);
	node_commit(&n);
	CHECK_INT(engine_attachment_count(n.e), 1);
	CHECK_INT(node_detach(&n, 7), 0);
	CHECK_STR(node_plan(&n), "cut zl-00001234-0 zl-00001234-1\n");
	node_commit(&n);
	CHECK_INT(engine_attachment_count(n.e), 0);
	node_done(&n);
}

/* Asked for, but there is nothing to join: asked again, the same answer. */
TEST(join_without_a_tunnel)
{
	struct node n;
	struct attach_spec spec = attach_spec_of(7, 70, "web");
	struct ovd_ip ip, again;

	node_init(&n);
	node_has_service(&n, "web");
	spec.join_global = true;
	CHECK_INT(node_attach_spec(&n, &spec, false, &ip), 0);
	CHECK(!strstr(node_plan(&n), "join"));
	node_commit(&n);
	node_has_tunnel(&n);
	CHECK_INT(node_attach_spec(&n, &spec, false, &again), -EALREADY);
	CHECK(ip_eq(&ip, &again));
	CHECK_INT(node_detach(&n, 7), 0);
	CHECK_STR(node_plan(&n), "cut zl-00000046-0 \n");
	node_commit(&n);
	node_done(&n);
}

TEST(busy)
{
	struct node n;
	struct intent *intent;
	struct ovd_ip ip;

	node_init(&n);
	node_has_service(&n, "web");
	CHECK_INT(node_attach(&n, 7, 70, "web", &ip), 0);
	intent = n.intent;
	CHECK_INT(node_attach(&n, 7, 70, "web", &ip), -EINPROGRESS);
	CHECK_INT(node_attach(&n, 8, 70, "web", &ip), -EINPROGRESS); /* the same namespace */
	CHECK_INT(node_detach(&n, 7), -EINPROGRESS);
	CHECK_INT(node_detach(&n, 8), -EALREADY);
	engine_commit(n.e, intent);
	CHECK_INT(node_detach(&n, 7), 0);
	intent = n.intent;
	CHECK_INT(node_detach(&n, 7), -EINPROGRESS);
	CHECK_INT(node_attach(&n, 7, 70, "web", &ip), -EINPROGRESS);
	engine_drop(n.e, intent);
	node_done(&n);
}

/* A teardown while the only attach is under way: the service leaves when that falls. */
TEST(teardown_meanwhile)
{
	struct node n;
	struct intent *intent;
	struct ovd_ip ip;

	node_init(&n);
	node_has_service(&n, "web");
	CHECK_INT(node_attach(&n, 7, 70, "web", &ip), 0);
	intent = n.intent;
	CHECK_INT(node_unservice(&n, "web"), 0);
	node_commit(&n);
	CHECK_INT(node_reap(&n), -EALREADY);
	engine_drop(n.e, intent);
	CHECK_INT(node_reap(&n), 0);
	node_commit(&n);
	CHECK_INT(engine_service_count(n.e), 0);
	node_done(&n);
}

TEST(refusals)
{
	struct node n;
	struct attach_spec spec = attach_spec_of(7, 70, "web");
	struct ovd_ip ip;

	node_init(&n);
	node_has_service(&n, "web");
	node_has_service(&n, "db");
	node_has_container(&n, 7, 70, "web");
	CHECK_INT(node_attach(&n, 9, 90, "mail", &ip), -ENOENT);
	CHECK_STR(engine_reason(n.e),
		  "service mail is not set up: setup_service_overlay comes first");
	CHECK_INT(node_attach(&n, 7, 70, "db", &ip), -EEXIST);
	CHECK_STR(engine_reason(n.e),
		  "pid 7 is attached to service web: detach it before it goes to db");
	spec.join_global = true;
	CHECK_INT(node_attach_spec(&n, &spec, false, &ip), -EEXIST);
	CHECK_STR(engine_reason(n.e), "pid 7 is attached with join_global false: detach it first");
	CHECK_INT(node_attach(&n, 8, 70, "web", &ip), -EEXIST);
	CHECK_STR(engine_reason(n.e), "the network namespace of pid 8 is attached by pid 7");
	CHECK_INT(engine_attachment_count(n.e), 1);
	node_done(&n);
}

/* Inodes are counted per device. */
TEST(namespaces_of_two_devices)
{
	struct node n;
	struct attach_spec spec = attach_spec_of(8, 70, "web");
	struct ovd_ip ip;

	node_init(&n);
	node_has_service(&n, "web");
	node_has_container(&n, 7, 70, "web");
	spec.owner.netns_dev++;
	CHECK_INT(node_attach_spec(&n, &spec, false, &ip), 0);
	node_commit(&n);
	CHECK_INT(engine_attachment_count(n.e), 2);
	node_done(&n);
}

/* The pid of one that is gone, in the namespace of another that is gone. */
TEST(records_make_way)
{
	struct node n;
	struct attach_spec spec = attach_spec_of(7, 80, "web");
	struct ovd_ip seven, eight, ip;

	node_init(&n);
	node_has_tunnel(&n);
	node_has_service(&n, "web");
	seven = node_has_container(&n, 7, 70, "web");
	eight = node_has_container(&n, 8, 80, "web");
	CHECK_INT(node_attach_spec(&n, &spec, true, &ip), 0);
	CHECK_STR(node_plan(&n), "cut zl-00000046-0 \n"
				 "cut zl-00000050-0 \n"
				 "veth zl-00000050-0 on zl-8a3d9b380b-b: eth0 10.200.4.132/26 via "
				 "10.200.4.129\n");
	CHECK_INT(engine_attachment_count(n.e), 1);
	node_drop(&n);
	CHECK_INT(engine_attachment_count(n.e), 2); /* both are back, with their addresses */
	CHECK_INT(node_attach(&n, 7, 70, "web", &ip), -EALREADY);
	CHECK(ip_eq(&ip, &seven));
	CHECK_INT(node_attach(&n, 8, 80, "web", &ip), -EALREADY);
	CHECK(ip_eq(&ip, &eight));

	CHECK_INT(node_attach_spec(&n, &spec, true, &ip), 0);
	node_commit(&n);
	CHECK_INT(engine_attachment_count(n.e), 1);
	CHECK_INT(node_detach(&n, 8), -EALREADY);
	CHECK_INT(engine_return(n.e, &seven), -EALREADY); /* free again */
	CHECK_INT(engine_return(n.e, &eight), -EALREADY);
	CHECK_INT(engine_return(n.e, &ip), -EBUSY);
	node_done(&n);
}

/* One that started at another time is another process, though pid and namespace are the same. */
TEST(same_pid_later)
{
	struct node n;
	struct attach_spec spec = attach_spec_of(7, 70, "web");
	struct ovd_ip ip;

	node_init(&n);
	node_has_service(&n, "web");
	node_has_container(&n, 7, 70, "web");
	spec.owner.start_time++;
	CHECK_INT(node_attach_spec(&n, &spec, false, &ip), -EEXIST);
	CHECK_INT(node_attach_spec(&n, &spec, true, &ip), 0);
	CHECK(strstr(node_plan(&n), "cut zl-00000046-0 \nveth zl-00000046-0 "));
	node_commit(&n);
	CHECK_INT(engine_attachment_count(n.e), 1);
	node_done(&n);
}

/* The node's block is full: the service's address is not lost. */
TEST(full)
{
	struct node n;
	struct attach_spec spec = attach_spec_of(7, 70, "web");
	struct ovd_ip ip, lent;
	unsigned given = 0;

	node_init(&n);
	node_has_tunnel(&n);
	node_has_service(&n, "web");
	while (engine_lend(n.e, view(""), &lent) == 0)
		given++;
	CHECK_INT(given, 61);
	CHECK_STR(engine_reason(n.e), "subnet 10.200.4.0/26 is full: 61 addresses are in use");
	spec.join_global = true;
	CHECK_INT(node_attach_spec(&n, &spec, false, &ip), -ENOSPC);
	CHECK_STR(engine_reason(n.e),
		  "the node's block 10.200.4.0/26 is full: 61 addresses are in use");
	CHECK_INT(engine_attachment_count(n.e), 0);
	CHECK_INT(engine_return(n.e, &lent), 0);
	CHECK_INT(node_attach_spec(&n, &spec, false, &ip), 0);
	node_commit(&n);
	for (given = 1; engine_lend(n.e, view("web"), &lent) == 0; given++)
		;
	CHECK_INT(given, 61);
	CHECK_INT(node_attach(&n, 8, 80, "web", &ip), -ENOSPC);
	CHECK_STR(engine_reason(n.e),
		  "service web: subnet 10.200.4.128/26 is full: 61 addresses are in use");
	node_done(&n);
}

/* ---- a service that goes with its last container ---- */

static void has_ephemeral(struct node *n, uint32_t pid)
{
	struct attach_spec spec = attach_spec_of(pid, pid * 10u, "web");
	struct ovd_ip ip;

	spec.ephemeral = true;
	CHECK_INT(node_attach_spec(n, &spec, false, &ip), 0);
	node_commit(n);
}

static void detached(struct node *n, uint32_t pid)
{
	CHECK_INT(node_detach(n, pid), 0);
	node_commit(n);
}

TEST(ephemeral)
{
	struct node n;
	struct ovd_ip lent;

	node_init(&n);
	node_has_service(&n, "web");
	has_ephemeral(&n, 7);
	has_ephemeral(&n, 8);
	detached(&n, 7);
	CHECK_INT(node_reap(&n), -EALREADY); /* 8 is there */
	has_ephemeral(&n, 9);                /* and it takes more */
	detached(&n, 9);
	detached(&n, 8);
	CHECK_INT(node_reap(&n), 0);
	node_commit(&n);

	node_has_service(&n, "web");
	has_ephemeral(&n, 7);
	CHECK_INT(engine_lend(n.e, view("web"), &lent), 0);
	detached(&n, 7);
	CHECK_INT(node_reap(&n), -EALREADY); /* somebody has an address of it */
	CHECK_INT(engine_return(n.e, &lent), 0);
	node_has_container(&n, 9, 90, "web");
	detached(&n, 9);
	CHECK_INT(node_reap(&n), -EALREADY); /* the last one didn't ask for it */
	node_done(&n);
}

TEST(two_ephemeral_that_go_at_once)
{
	struct node n;
	struct intent *first;

	node_init(&n);
	node_has_service(&n, "web");
	has_ephemeral(&n, 7);
	has_ephemeral(&n, 8);
	CHECK(!engine_service_leaver(n.e));
	CHECK_INT(node_detach(&n, 7), 0);
	first = n.intent;
	n.intent = NULL;
	detached(&n, 8);
	CHECK(!engine_service_leaver(n.e)); /* 7 is there still */
	engine_commit(n.e, first);
	CHECK(engine_service_leaver(n.e));
	CHECK_INT(node_reap(&n), 0);
	node_commit(&n);
	CHECK(!engine_service_leaver(n.e));
	CHECK_INT(engine_service_count(n.e), 0);
	node_done(&n);
}

TEST(ephemeral_leaves_the_shared_bridge)
{
	struct node n;

	node_init(&n);
	CHECK_INT(node_service(&n, "web", SERVICE_SHARED), 0);
	node_commit(&n);
	has_ephemeral(&n, 7);
	detached(&n, 7);
	CHECK_INT(node_reap(&n), -EALREADY);
	node_done(&n);
}

/* It may be cut off: nobody is told that it is attached, until it is. */
TEST(half_detached)
{
	struct attach_spec spec = attach_spec_of(7, 70, "web");
	struct ovd_ip ip;
	struct node n;

	node_init(&n);
	node_has_service(&n, "web");
	node_has_container(&n, 7, 70, "web");
	CHECK_INT(node_attach_spec(&n, &spec, false, &ip), -EALREADY);
	CHECK_INT(node_detach(&n, 7), 0);
	node_drop(&n);
	CHECK_INT(engine_attachment_count(n.e), 1);
	CHECK_INT(node_attach_spec(&n, &spec, false, &ip), -EEXIST);
	CHECK_STR(engine_reason(n.e),
		  "pid 7 is half detached, as something failed or its link was deleted: "
		  "detach it first");
	CHECK_INT(node_detach(&n, 7), 0);
	node_commit(&n);
	CHECK_INT(node_attach_spec(&n, &spec, false, &ip), 0);
	node_drop(&n);
	node_done(&n);
}

TEST(detach_unknown)
{
	struct node n;

	node_init(&n);
	CHECK_INT(node_detach(&n, 7), -EALREADY);
	CHECK(n.plan.n == 0 && !n.intent);
	engine_commit(n.e, NULL);
	engine_drop(n.e, NULL);
	node_done(&n);
}

/* The one that makes way is gone; who comes into its namespace while the attach is under way stays
 * when that falls. */
TEST(another_takes_the_place_meanwhile)
{
	struct node n;
	struct intent *moving;
	struct attach_spec spec;
	struct ovd_ip ip;

	node_init(&n);
	node_has_service(&n, "web");
	node_has_container(&n, 7, 70, "web");
	spec = attach_spec_of(7, 71, "web"); /* the same process, elsewhere */
	CHECK_INT(node_attach_spec(&n, &spec, true, &ip), 0);
	moving = n.intent;
	CHECK_INT(node_attach(&n, 8, 70, "web", &ip), 0);
	node_commit(&n);
	engine_drop(n.e, moving);
	CHECK_INT(engine_attachment_count(n.e), 1);
	CHECK_INT(node_detach(&n, 7), -EALREADY);
	CHECK_INT(node_detach(&n, 8), 0);
	node_commit(&n);
	CHECK_INT(engine_attachment_count(n.e), 0);
	node_done(&n);
}
