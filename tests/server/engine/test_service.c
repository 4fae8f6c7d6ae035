#include <errno.h>

#include "tests/server/engine/node.h"

TEST(setup)
{
	struct node n;

	node_init(&n);
	node_has_tunnel(&n);
	CHECK_INT(node_service(&n, "web", SERVICE_AUTO), 0);
	CHECK_STR(node_plan(&n), "firewall\n"
				 "prefix 10.200.4.128/26\n"
				 "bridge zl-8a3d9b380b-b 10.200.4.129/26\n");
	CHECK_STR(node_step(&n, 2)->bridge.alias, "overlayd abcdef12 service web\t");
	node_commit(&n);
	CHECK_INT(engine_service_count(n.e), 1);
	CHECK_STR(engine_service_link(n.e, view("web")), "zl-8a3d9b380b-b");
	CHECK_STR(engine_service_link(n.e, view("we")), "");
	CHECK(engine_owns_link(n.e, view("zl-8a3d9b380b-b")));
	/* again: the same, for the platform to look after; it stays when that fails */
	CHECK_INT(node_service(&n, "web", SERVICE_AUTO), 0);
	CHECK_STR(node_plan(&n), "firewall\n"
				 "prefix 10.200.4.128/26\n"
				 "bridge zl-8a3d9b380b-b 10.200.4.129/26\n");
	node_drop(&n);
	CHECK_INT(engine_service_count(n.e), 1);
	node_done(&n);
}

TEST(before_the_tunnel)
{
	struct node n;

	node_init(&n);
	CHECK_INT(node_service(&n, "web", SERVICE_AUTO), 0);
	CHECK_STR(node_plan(&n), "firewall\n"
				 "prefix 10.200.187.128/26\n"
				 "bridge zl-web-b 10.200.187.129/26\n");
	node_commit(&n);
	node_has_tunnel(&n);
	CHECK_INT(node_service(&n, "web", SERVICE_AUTO), 0); /* it moves, and keeps its name */
	CHECK_STR(node_plan(&n), "firewall\n"
				 "prefix 10.200.4.128/26\n"
				 "bridge zl-web-b 10.200.4.129/26, was 10.200.187.129\n"
				 "no prefix 10.200.187.128/26\n");
	node_commit(&n);
	node_has_service(&n, "web");
	CHECK_STR(node_plan(&n), "firewall\n"
				 "prefix 10.200.4.128/26\n"
				 "bridge zl-web-b 10.200.4.129/26\n");
	CHECK_STR(engine_service_link(n.e, view("web")), "zl-web-b");
	CHECK(ip_eq(&(struct ovd_ip){ .len = 0 }, &node_step(&n, 2)->bridge.was));
	node_done(&n);
}

TEST(names)
{
	static const char name[] =
		"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
	struct node n;

	node_init(&n);
	CHECK_INT(node_service(&n, "", SERVICE_AUTO), -EINVAL);
	CHECK_INT(node_service(&n, name, SERVICE_AUTO), -EINVAL);
	CHECK_STR(engine_reason(n.e), "service: a name has 1 to 63 bytes");
	CHECK_INT(node_service(&n, name + 1, SERVICE_AUTO), 0);
	CHECK(strstr(node_step(&n, 2)->bridge.alias, name + 1)); /* none is too long for an alias */
	node_commit(&n);
	CHECK_STR(engine_service_link(n.e, view(name)), "");
	CHECK(engine_service_link(n.e, view(name + 1))[0]);
	node_done(&n);
}

/* A block is reserved from the first moment, and free again when the plan fell. */
TEST(blocks)
{
	static const char *const names[] = { "a", "b", "c", "d" };
	struct ovd_cidr blocks[3];
	struct intent *intents[3];
	struct node n;

	node_init(&n);
	node_has_tunnel(&n);
	for (size_t i = 0; i < 3; i++) {
		CHECK_INT(node_service(&n, names[i], SERVICE_AUTO), 0);
		intents[i] = n.intent;
		blocks[i] = node_step(&n, 1)->prefix.cidr;
		for (size_t k = 0; k < i; k++)
			CHECK(!cidr_overlaps(&blocks[i], &blocks[k]));
	}
	CHECK_INT(node_service(&n, "d", SERVICE_AUTO), -ENOSPC);
	CHECK_STR(engine_reason(n.e),
		  "every block of slice 10.200.4.0/24 is taken: by the node, 3 services");
	CHECK_INT(node_service(&n, "a", SERVICE_AUTO), -EINPROGRESS);
	engine_drop(n.e, intents[1]);
	CHECK_INT(engine_service_count(n.e), 2);
	CHECK_STR(engine_service_link(n.e, view("b")), "");
	CHECK_INT(node_service(&n, "d", SERVICE_AUTO), 0);
	CHECK(cidr_eq(&node_step(&n, 1)->prefix.cidr, &blocks[1]));
	node_commit(&n);
	engine_commit(n.e, intents[0]);
	engine_commit(n.e, intents[2]);
	node_done(&n);
}

TEST(fallback_full)
{
	struct node n;

	node_init(&n);
	CHECK_INT(node_setup(&n, "10.200.4.0/25", NULL, 0), 0);
	node_commit(&n);
	node_has_service(&n, "a");
	CHECK_INT(node_service(&n, "b", SERVICE_AUTO), -ENOSPC);
	CHECK_STR(engine_reason(n.e), "every block of cluster range 10.200.4.0/25 is taken: by the "
				      "node, 1 services and the peers' allowed IPs");
	node_done(&n);
}

TEST(modes)
{
	struct node n;

	node_init(&n);
	node_has_service(&n, "web");
	CHECK_INT(node_service(&n, "web", SERVICE_ISOLATED), 0);
	node_commit(&n);
	CHECK_INT(node_service(&n, "web", SERVICE_SHARED), -EEXIST);
	CHECK_STR(engine_reason(n.e),
		  "service web is set up with a bridge of its own: tear it down "
		  "first");
	CHECK_INT(node_service(&n, "s", SERVICE_SHARED), 0);
	node_commit(&n);
	CHECK_INT(node_service(&n, "s", SERVICE_AUTO), -EEXIST);
	CHECK_STR(engine_reason(n.e),
		  "service s is set up without a bridge of its own: tear it down "
		  "first");
	node_done(&n);
}

/* One bridge for all of them; it goes with the last. */
TEST(shared)
{
	struct node n;
	struct intent *intent;

	node_init(&n);
	CHECK_INT(node_setup(&n, "10.200.0.0/16", NULL, 0), 0);
	node_commit(&n);
	CHECK_INT(node_service(&n, "a", SERVICE_SHARED), 0);
	CHECK_STR(node_plan(&n), "firewall\n"
				 "prefix 10.200.90.64/26\n"
				 "bridge zl-4b7a5fbb3-sh 10.200.90.65/26\n");
	CHECK_STR(node_step(&n, 2)->bridge.alias, "overlayd abcdef12 bridge shared\t");
	intent = n.intent;
	CHECK_INT(node_service(&n, "b", SERVICE_SHARED), -EINPROGRESS);
	engine_drop(n.e, intent);
	CHECK_INT(engine_service_count(n.e), 0);
	CHECK_INT(node_service(&n, "a", SERVICE_SHARED), 0); /* no trace of the one that fell */
	node_commit(&n);
	CHECK_INT(node_service(&n, "b", SERVICE_SHARED), 0);
	node_drop(&n);
	CHECK_INT(engine_service_count(n.e), 1);
	CHECK_INT(node_service(&n, "b", SERVICE_SHARED), 0);
	node_commit(&n);
	CHECK_INT(engine_service_count(n.e), 2);
	CHECK_STR(engine_service_link(n.e, view("b")), "zl-4b7a5fbb3-sh");
	CHECK_INT(node_unservice(&n, "a"), 0);
	CHECK_STR(node_plan(&n), "");
	node_commit(&n);
	CHECK_INT(engine_service_count(n.e), 1);
	CHECK_INT(node_unservice(&n, "b"), 0);
	CHECK_STR(node_plan(&n), "no prefix 10.200.90.64/26\nno bridge zl-4b7a5fbb3-sh\n");
	node_commit(&n);
	CHECK_INT(engine_service_count(n.e), 0);
	CHECK(!engine_owns_link(n.e, view("zl-4b7a5fbb3-sh")));
	CHECK_INT(node_service(&n, "c", SERVICE_SHARED), 0);
	node_drop(&n);
	node_done(&n);
}

TEST(teardown)
{
	struct node n;
	struct intent *intent;
	struct ovd_ip ip;

	node_init(&n);
	node_has_tunnel(&n);
	CHECK_INT(node_unservice(&n, "web"), -EALREADY);
	CHECK_INT(node_service(&n, "web", SERVICE_AUTO), 0);
	intent = n.intent;
	CHECK_INT(node_unservice(&n, "web"), -EINPROGRESS);
	CHECK_INT(node_attach(&n, 7, 70, "web", &ip), -EINPROGRESS);
	CHECK_INT(engine_lend(n.e, view("web"), &ip), -EINPROGRESS);
	engine_commit(n.e, intent);
	CHECK_INT(node_unservice(&n, "web"), 0);
	CHECK_STR(node_plan(&n), "no prefix 10.200.4.128/26\nno bridge zl-8a3d9b380b-b\n");
	CHECK_STR(node_step(&n, 1)->bridge_delete.alias, "overlayd abcdef12 service web");
	CHECK(!node_step(&n, 1)->bridge_delete.idle_only);
	intent = n.intent;
	CHECK_INT(node_service(&n, "web", SERVICE_AUTO), -EINPROGRESS);
	engine_drop(n.e, intent);
	node_has_service(&n, "web"); /* it is still there */
	CHECK_INT(node_unservice(&n, "web"), 0);
	node_commit(&n);
	CHECK_INT(engine_service_count(n.e), 0);
	node_done(&n);
}

/* A bridge that has to be made again gets its containers back. */
TEST(ports)
{
	const struct step_bridge *bridge;
	struct node n;

	node_init(&n);
	node_has_service(&n, "web");
	node_has_service(&n, "db");
	node_has_container(&n, 7, 70, "web");
	node_has_container(&n, 8, 80, "db");
	node_has_container(&n, 9, 90, "web");
	CHECK_INT(node_service(&n, "web", SERVICE_AUTO), 0);
	bridge = &node_step(&n, 2)->bridge;
	CHECK_INT(bridge->n_ports, 2);
	CHECK_STR(bridge->ports[0], "zl-0000005a-0"); /* the newest first */
	CHECK_STR(bridge->ports[1], "zl-00000046-0");
	node_commit(&n);
	node_has_container(&n, 10, 100, "web");
	for (uint32_t pid = 9; pid > 6; pid -= 2) { /* from the middle, from the end */
		CHECK_INT(node_detach(&n, pid), 0);
		node_commit(&n);
		CHECK_INT(node_service(&n, "web", SERVICE_AUTO), 0);
		bridge = &node_step(&n, 2)->bridge;
		CHECK_INT(bridge->n_ports, pid == 9 ? 2 : 1);
		CHECK_STR(bridge->ports[0], "zl-00000064-0");
		node_commit(&n);
	}
	node_done(&n);
}

/* The host has an address where a subnet was to be: the next one is taken. */
TEST(elsewhere)
{
	struct ovd_cidr first;
	struct node n;

	node_init(&n);
	node_has_tunnel(&n);
	CHECK_INT(node_service(&n, "web", SERVICE_AUTO), 0);
	first = node_step(&n, 1)->prefix.cidr;
	CHECK(engine_service_elsewhere(n.e, n.intent));
	CHECK_INT(engine_service_count(n.e), 0);
	CHECK_INT(node_service(&n, "web", SERVICE_AUTO), 0);
	CHECK(!cidr_overlaps(&first, &node_step(&n, 1)->prefix.cidr));
	CHECK(engine_service_elsewhere(n.e, n.intent));
	CHECK_INT(node_service(&n, "web", SERVICE_AUTO), 0);
	CHECK(engine_service_elsewhere(n.e, n.intent));
	CHECK_INT(node_service(&n, "web", SERVICE_AUTO), -ENOSPC);
	CHECK_STR(engine_reason(n.e), "every block of slice 10.200.4.0/24 is taken: by the node, 0 "
				      "services; by addresses of the host");
	/* asked again, it looks again */
	CHECK_INT(node_service(&n, "web", SERVICE_AUTO), 0);
	CHECK(cidr_eq(&first, &node_step(&n, 1)->prefix.cidr));
	node_drop(&n);
	node_done(&n);
}

/* One that is there can't move. */
TEST(elsewhere_is_for_new_ones)
{
	struct node n;

	node_init(&n);
	node_has_service(&n, "web");
	CHECK_INT(node_service(&n, "web", SERVICE_AUTO), 0);
	CHECK(!engine_service_elsewhere(n.e, n.intent));
	node_drop(&n);
	node_done(&n);
}

/* It takes no more containers, and goes with the last; set up again, it stays. */
TEST(leaves_with_its_containers)
{
	struct node n;
	struct ovd_ip ip;

	node_init(&n);
	node_has_service(&n, "web");
	node_has_container(&n, 7, 70, "web");
	node_has_container(&n, 8, 80, "web");
	CHECK_INT(node_unservice(&n, "web"), 0);
	CHECK_STR(node_plan(&n), "");
	node_drop(&n); /* it could not be written down */
	CHECK_INT(node_unservice(&n, "web"), 0);
	node_commit(&n);
	CHECK_INT(node_unservice(&n, "web"), -EALREADY);
	CHECK_INT(node_attach(&n, 9, 90, "web", &ip), -ENOENT);
	CHECK_STR(engine_reason(n.e),
		  "service web goes with its last container: setup_service_overlay comes first");
	CHECK_INT(node_detach(&n, 7), 0);
	node_commit(&n);
	CHECK_INT(node_reap(&n), -EALREADY);
	CHECK_INT(node_service(&n, "web", SERVICE_ISOLATED), 0);
	node_drop(&n); /* it goes all the same */
	CHECK_INT(node_attach(&n, 9, 90, "web", &ip), -ENOENT);
	node_has_service(&n, "web");
	CHECK_INT(node_detach(&n, 8), 0);
	node_commit(&n);
	CHECK_INT(node_reap(&n), -EALREADY);
	node_has_container(&n, 9, 90, "web");
	CHECK_INT(node_unservice(&n, "web"), 0);
	node_commit(&n);
	CHECK_INT(node_detach(&n, 9), 0);
	CHECK_INT(engine_attachment_count(n.e), 1);
	node_commit(&n);
	CHECK_INT(node_reap(&n), 0);
	CHECK(strstr(node_plan(&n), "no bridge zl-web-b\n"));
	node_drop(&n);
	CHECK(!engine_service_leaver(n.e)); /* whoever asked asks again */
	plan_done(&n.plan);
	CHECK_INT(engine_service_reap(n.e, view("web"), &n.plan, &n.intent), 0);
	node_commit(&n);
	CHECK_INT(node_reap(&n), -EALREADY);
	CHECK_INT(engine_service_count(n.e), 0);
	node_done(&n);
}

static void has_ephemeral_one(struct node *n, const char *service)
{
	struct attach_spec spec = attach_spec_of(7, 70, service);
	struct ovd_ip ip;

	node_has_service(n, service);
	spec.ephemeral = true;
	CHECK_INT(node_attach_spec(n, &spec, false, &ip), 0);
	node_commit(n);
	CHECK_INT(node_detach(n, 7), 0);
	node_commit(n);
	CHECK_STR(engine_service_leaver(n->e), service);
}

/* One that somebody sees to is named to nobody else, until it is to go once more. */
TEST(leavers_are_named_once)
{
	struct node n;

	node_init(&n);
	has_ephemeral_one(&n, "web");
	CHECK_INT(node_reap(&n), 0);
	CHECK(!engine_service_leaver(n.e));
	node_drop(&n);
	has_ephemeral_one(&n, "xeb"); /* behind it */
	CHECK_INT(node_reap(&n), 0);
	node_commit(&n);
	CHECK(!engine_service_leaver(n.e));
	has_ephemeral_one(&n, "web");
	CHECK_INT(node_service(&n, "web", SERVICE_ISOLATED), 0);
	CHECK(!engine_service_leaver(n.e)); /* it is being changed */
	node_drop(&n);
	CHECK_STR(engine_service_leaver(n.e), "web");
	node_has_service(&n, "web");
	CHECK(!engine_service_leaver(n.e));
	plan_done(&n.plan);
	CHECK_INT(engine_service_reap(n.e, view("web"), &n.plan, &n.intent), -EALREADY);
	CHECK_INT(engine_service_reap(n.e, view("nobody"), &n.plan, &n.intent), -EALREADY);
	node_done(&n);
}

/* Bridges that nobody knows and nobody names. */
TEST(prune)
{
	char names[][LINK_NAME_MAX] = { "zl-web-b", "zl-old-b", "zl-live-b", "zl-older-b" };
	const struct step_bridge_list found = { .names = names, .n_names = 4 };
	const struct ovd_view live[] = { VIEW_LITERAL("zl-live-b"), VIEW_LITERAL("zl-old") };
	struct node n;

	node_init(&n);
	node_has_service(&n, "web");
	plan_done(&n.plan);
	CHECK_INT(engine_prune(n.e, live, 2, &found, &n.plan), 0);
	CHECK_STR(node_plan(&n), "no bridge zl-old-b if idle\nno bridge zl-older-b if idle\n");
	CHECK_STR(node_step(&n, 0)->bridge_delete.alias, "overlayd abcdef12");
	node_done(&n);
}

TEST(repair)
{
	struct node n;

	node_init(&n);
	CHECK_INT(engine_repair(n.e, &n.plan), 0);
	CHECK_STR(node_plan(&n), "");
	node_has_service(&n, "web");
	plan_done(&n.plan);
	CHECK_INT(engine_repair(n.e, &n.plan), 0);
	CHECK_STR(node_plan(&n), "uplink\nfirewall\nprefix 10.200.187.128/26\n");
	node_has_tunnel(&n);
	plan_done(&n.plan);
	CHECK_INT(engine_repair(n.e, &n.plan), 0);
	CHECK_STR(node_plan(&n),
		  "uplink\nfirewall\nprefix 10.200.4.0/26\nprefix 10.200.187.128/26\n");
	node_done(&n);
}
