/* A bridge with several subnets. */
#include <errno.h>
#include <string.h>

#include "tests/server/engine/node.h"

static int grow(struct node *n, const char *service)
{
	plan_clear(&n->plan);
	n->intent = NULL;
	return engine_service_grow(n->e, view(service), &n->plan, &n->intent);
}

static void fill(struct node *n, const char *service)
{
	struct ovd_ip ip;

	while (engine_lend(n->e, view(service), &ip) == 0)
		;
}

static void begin(struct node *n, enum service_mode mode)
{
	node_init(n);
	CHECK_INT(node_setup(n, "10.200.0.0/16", "10.200.4.0/22", 51820), 0);
	node_commit(n);
	CHECK_INT(node_service(n, "web", mode), 0);
	node_commit(n);
}

TEST(one_more)
{
	struct attachment_view seen;
	struct intent *growth;
	struct node n;
	struct ovd_ip ip;

	begin(&n, SERVICE_AUTO);
	CHECK_INT(grow(&n, "web"), -EALREADY); /* there is room */
	CHECK_INT(grow(&n, "db"), -EALREADY);
	fill(&n, "web");
	CHECK_INT(node_attach(&n, 7, 70, "web", &ip), -ENOSPC);
	CHECK_INT(grow(&n, "web"), 0);
	CHECK_STR(node_plan(&n),
		  "firewall\nprefix 10.200.7.128/26\nprefix 10.200.7.192/26\n"
		  "bridge zl-8a3d9b380b-b 10.200.7.129/26 and 10.200.7.193/26, grows\n");
	CHECK_INT(plan_at(&n.plan, 0)->remember.record.service.blocks.n, 2);
	CHECK_INT(plan_at(&n.plan, 0)->remember.was.service.blocks.n, 1);
	growth = n.intent;
	CHECK_INT(node_attach(&n, 7, 70, "web", &ip), -EINPROGRESS);
	engine_drop(n.e, growth);
	CHECK_INT(node_attach(&n, 7, 70, "web", &ip), -ENOSPC);
	CHECK_INT(grow(&n, "web"), 0);
	CHECK(strstr(node_plan(&n), "10.200.7.193/26, grows\n")); /* the same one, as it is free */
	node_commit(&n);
	CHECK_INT(grow(&n, "web"), -EALREADY);
	CHECK_INT(node_attach(&n, 7, 70, "web", &ip), 0);
	CHECK(strstr(node_plan(&n), "eth0 10.200.7.194/26 via 10.200.7.193\n"));
	node_commit(&n);
	CHECK(engine_attachment_in(n.e, 4, 70, &seen));
	CHECK_INT(seen.prefix_len, 26);
	CHECK_INT(node_service(&n, "web", SERVICE_AUTO), 0);
	CHECK(strstr(node_plan(&n),
		     "bridge zl-8a3d9b380b-b 10.200.7.129/26 and 10.200.7.193/26\n"));
	node_commit(&n);
	plan_clear(&n.plan);
	CHECK_INT(engine_repair(n.e, &n.plan), 0);
	CHECK(strstr(node_plan(&n), "prefix 10.200.7.128/26\nprefix 10.200.7.192/26\n"));
	CHECK_INT(node_detach(&n, 7), 0);
	node_commit(&n);
	CHECK_INT(node_unservice(&n, "web"), 0);
	CHECK_STR(node_plan(&n), "no prefix 10.200.7.128/26\nno prefix 10.200.7.192/26\n"
				 "no bridge zl-8a3d9b380b-b\n");
	node_commit(&n);
	node_has_service(&n, "web"); /* both are free again */
	node_done(&n);
}

/* The host has addresses in what was chosen. */
TEST(elsewhere)
{
	struct node n;

	begin(&n, SERVICE_AUTO);
	fill(&n, "web");
	CHECK_INT(grow(&n, "web"), 0);
	CHECK(engine_service_elsewhere(n.e, n.intent));
	CHECK_INT(grow(&n, "web"), 0);
	CHECK(strstr(node_plan(&n), " and 10.200.4.65/26, grows\n"));
	node_commit(&n);
	node_done(&n);
}

TEST(as_many_as_there_are)
{
	struct node n;
	unsigned blocks = 1;
	int r;

	begin(&n, SERVICE_AUTO);
	for (fill(&n, "web"); (r = grow(&n, "web")) == 0; fill(&n, "web")) {
		node_commit(&n);
		blocks++;
	}
	CHECK_INT(r, -ENOSPC);
	CHECK_INT(blocks, 15); /* of 16 the first is the node's */
	CHECK(strstr(engine_reason(n.e), "every block of slice 10.200.4.0/22 is taken"));
	node_done(&n);
}

TEST(more_than_a_bridge_has_ports)
{
	unsigned blocks = 1;
	struct node n;
	int r;

	node_init(&n);
	node_has_service(&n, "web");
	for (fill(&n, "web"); (r = grow(&n, "web")) == 0; fill(&n, "web")) {
		node_commit(&n);
		blocks++;
	}
	CHECK_INT(r, -ENOSPC);
	CHECK_INT(blocks, 16);
	CHECK_STR(engine_reason(n.e), "service web: all of its 16 subnets are full");
	node_done(&n);
}

/* Records of all that share the bridge say the same. */
TEST(shared)
{
	struct node n;

	begin(&n, SERVICE_SHARED);
	CHECK_INT(node_service(&n, "db", SERVICE_SHARED), 0);
	node_commit(&n);
	fill(&n, "web");
	CHECK_INT(grow(&n, "db"), 0);
	CHECK_INT(plan_at(&n.plan, 0)->remember.record.service.blocks.n, 2);
	CHECK_INT(plan_at(&n.plan, 1)->remember.record.service.blocks.n, 2);
	CHECK(view_eq(plan_at(&n.plan, 1)->remember.record.service.name, view("web")));
	CHECK(plan_at(&n.plan, 0)->remember.more); /* both or none */
	CHECK(!plan_at(&n.plan, 1)->remember.more);
	node_commit(&n);
	node_done(&n);
}

TEST(restored)
{
	static const struct state_prefix blocks[] = {
		{ .ip = { 4, { 10, 200, 7, 128 } }, .length = 26 },
		{ .ip = { 4, { 10, 200, 7, 192 } }, .length = 26 },
	};
	struct state_record web = { .kind = STATE_RECORD_SERVICE,
				    .service = { .name = view("web"),
						 .mode = STATE_MODE_SHARED,
						 .link = view("zl-sh"),
						 .blocks = { blocks, 1 } } },
			    db = web, other = web;
	struct node n;

	node_init(&n);
	db.service.name = view("db");
	db.service.blocks.n = 2; /* the daemon died between the two */
	CHECK_INT(engine_restore(n.e, &web), 0);
	CHECK_INT(engine_restore(n.e, &db), 0);
	other.service.name = view("other");
	other.service.mode = STATE_MODE_AUTO;
	CHECK_INT(engine_restore(n.e, &other), -EBADMSG);
	CHECK_INT(node_service(&n, "web", SERVICE_SHARED), 0);
	CHECK(strstr(node_plan(&n), "bridge zl-sh 10.200.7.129/26 and 10.200.7.193/26\n"));
	node_commit(&n);
	node_done(&n);
}
