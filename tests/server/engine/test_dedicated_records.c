/* What is written down of dedicated services, and the engine of the next life. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "server/engine/dedicated.h"
#include "tests/server/engine/peers.h"

struct told {
	struct node *other; /* whom records are given to */
	unsigned n_there, n_gone;
};

static void note_change(void *arg, const struct state_record *record, bool there)
{
	struct told *told = arg;

	told->n_there += there;
	told->n_gone += !there;
	if (there && told->other)
		CHECK_INT(engine_restore(told->other->e, record), 0);
}

static void pass_records(struct node *n, struct node *to)
{
	for (size_t i = 0; i < n->plan.n; i++) {
		const struct step *step = plan_at(&n->plan, i);

		if (step->kind == STEP_REMEMBER)
			CHECK_INT(engine_restore(to->e, &step->remember.record), 0);
	}
}

static void make_twin(struct node *n, struct node *twin)
{
	static struct told told;

	node_init(n);
	node_init(twin);
	told = (struct told){ .other = twin };
	CHECK_INT(node_setup(n, "10.200.0.0/16", "10.200.4.0/24", 51820), 0);
	pass_records(n, twin);
	node_commit(n);
	CHECK_INT(node_dedicate(n, "web"), 0);
	pass_records(n, twin);
	node_commit(n);
	engine_watch_peers(n->e, note_change, &told);
	peer_of_service(n, "web", 1, "10.200.5.64/26");
}

TEST(the_next_life)
{
	struct found_links none = { .n = 0 };
	struct node n, twin;

	make_twin(&n, &twin);
	CHECK_STR(engine_tunnel_link(twin.e, view("web")), "zl-73f456b5c4-d");
	CHECK_INT(node_port_of(&twin, "web"), 51821);
	plan_done(&twin.plan);
	CHECK_INT(engine_adopt(twin.e, &none, true, NULL, NULL, &twin.plan), 0);
	engine_adopted(twin.e);
	CHECK_INT(engine_service_again(twin.e, 0, true, &twin.plan, &twin.intent), 0);
	CHECK_STR(node_plan(&twin),
		  "firewall\n"
		  "prefix 10.200.4.160/27\n"
		  "prefix 10.200.4.128/27\n"
		  "tunnel zl-73f456b5c4-d 10.200.4.129/27 port 51821, 1 peers, "
		  "was 10.200.4.129/27 port 51821\n"
		  "route 10.200.5.64/26 by zl-73f456b5c4-d from 10.200.4.129 if possible\n"
		  "bridge zl-8a3d9b380b-b 10.200.4.161/27\n");
	CHECK(node_step(&twin, 3)->tunnel.only);
	CHECK_INT(node_step(&twin, 3)->tunnel.want.private_key.b[0], 7);
	node_commit(&twin);
	node_done(&twin);
	node_done(&n);
}

/* Its device is no stray. */
TEST(its_device_is_kept)
{
	struct found_link links[] = { { .name = "zl-73f456b5c4-d", .kind = FOUND_TUNNEL },
				      { .name = "zl-0000000000-d", .kind = FOUND_TUNNEL } };
	struct found_links found = { links, ARRAY_SIZE(links) };
	struct node n, twin;

	make_twin(&n, &twin);
	plan_done(&twin.plan);
	CHECK_INT(engine_adopt(twin.e, &found, true, NULL, NULL, &twin.plan), 0);
	CHECK_STR(node_plan(&twin), "no tunnel zl-0000000000-d\n");
	engine_adopted(twin.e);
	node_done(&twin);
	node_done(&n);
}

TEST(records_that_make_no_sense)
{
	static struct state_prefix lower = { .length = 27 }, upper = { .length = 27 };
	struct state_record record = {
		.kind = STATE_RECORD_SERVICE,
		.service = { .name = VIEW_LITERAL("db"),
			     .mode = STATE_MODE_DEDICATED,
			     .link = VIEW_LITERAL("zl-db-b"),
			     .blocks = { &upper, 1 },
			     .has_port = true,
			     .port = 51822,
			     .private_key = VIEW_LITERAL("AAAA"),
			     .public_key =
				     VIEW_LITERAL("BAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=") },
	};
	struct node n;

	lower.ip = ip_of("10.200.4.192");
	upper.ip = ip_of("10.200.4.224");
	node_init(&n);
	CHECK_INT(engine_restore(n.e, &record), -EBADMSG); /* without the node's ranges */
	node_has_tunnel(&n);
	CHECK_INT(engine_restore(n.e, &record), -EBADMSG);
	CHECK_STR(engine_reason(n.e), "its tunnel's keys are none");
	record.service.private_key = record.service.public_key;
	record.service.port = 51820;
	CHECK_INT(engine_restore(n.e, &record), -EBADMSG);
	CHECK_STR(engine_reason(n.e), "its tunnel's port is none, or another's");
	record.service.port = 51822;
	record.service.blocks.items = &lower;
	CHECK_INT(engine_restore(n.e, &record), -EBADMSG);
	CHECK_STR(engine_reason(n.e), "its subnet is no half of a block");
	CHECK_INT(engine_service_count(n.e), 0);
	record.service.blocks.items = &upper;
	CHECK_INT(engine_restore(n.e, &record), 0);
	CHECK_INT(engine_dedicated_count(n.e), 1);
	CHECK_STR(engine_tunnel_link(n.e, view("db")), "zl-207a86d686-d");
	node_done(&n);
}

/* It may have been made when the node's tunnel had another name. */
TEST(its_device_is_called_as_it_was)
{
	static struct state_prefix upper = { .length = 27 };
	const struct state_record record = {
		.kind = STATE_RECORD_SERVICE,
		.service = { .name = VIEW_LITERAL("db"),
			     .mode = STATE_MODE_DEDICATED,
			     .link = VIEW_LITERAL("zl-db-b"),
			     .blocks = { &upper, 1 },
			     .has_port = true,
			     .port = 51822,
			     .private_key =
				     VIEW_LITERAL("BAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="),
			     .public_key =
				     VIEW_LITERAL("BAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="),
			     .tunnel = VIEW_LITERAL("zl-old-d") },
	};
	struct node n;

	upper.ip = ip_of("10.200.4.224");
	node_init(&n);
	node_has_tunnel(&n);
	CHECK_INT(engine_restore(n.e, &record), 0);
	CHECK_STR(engine_tunnel_link(n.e, view("db")), "zl-old-d");
	plan_done(&n.plan);
	CHECK_INT(engine_service_again(n.e, 0, true, &n.plan, &n.intent), 0);
	CHECK_STR(node_step(&n, 3)->tunnel.link, "zl-old-d");
	node_drop(&n);
	node_done(&n);
}
