#include "server/engine/imported.h"

#include <errno.h>

#include "tests/server/engine/node.h"

#define PRIVATE "CQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
#define PUBLIC  "CgAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="

static int restore(struct node *n, const char *service, uint16_t port, const char *key)
{
	const struct state_record record = { .kind = STATE_RECORD_IDENTITY,
					     .identity = { .service = view(service),
							   .port = port,
							   .private_key = view(key),
							   .public_key = view(PUBLIC) } };

	return engine_restore(n->e, &record);
}

static int dedicate(struct node *n, const char *name)
{
	static const struct ovd_key private_key = { { 7 } }, public_key = { { 8 } };

	plan_clear(&n->plan);
	return engine_service_setup_dedicated(n->e, view(name), &private_key, &public_key, &n->plan,
					      &n->intent);
}

static void check_tunnel(struct node *n, const char *name, uint16_t port, const char *key)
{
	struct dedicated_view seen;

	CHECK(engine_dedicated(n->e, view(name), &seen));
	CHECK_INT(seen.port, port);
	CHECK_STR(seen.public_key, key);
}

static const struct step *last_step(struct node *n)
{
	return plan_at(&n->plan, n->plan.n - 1);
}

TEST(a_tunnel_is_what_others_know)
{
	const struct state_record *record;
	struct node n;

	node_init(&n);
	node_has_tunnel(&n);
	CHECK_INT(restore(&n, "web", 51900, PRIVATE), 0);
	CHECK_INT(dedicate(&n, "web"), 0);
	CHECK_INT(last_step(&n)->kind, STEP_FORGET);
	record = &last_step(&n)->forget.record;
	CHECK_VIEW(record->identity.private_key, PRIVATE);
	CHECK_VIEW(record->identity.public_key, PUBLIC);
	CHECK_INT(record->identity.port, 51900);
	CHECK_INT(plan_at(&n.plan, 0)->remember.record.service.port, 51900);
	CHECK_VIEW(plan_at(&n.plan, 0)->remember.record.service.private_key, PRIVATE);
	node_drop(&n); /* it is there for the next try */
	CHECK_INT(dedicate(&n, "web"), 0);
	node_commit(&n);
	check_tunnel(&n, "web", 51900, PUBLIC);
	CHECK_INT(restore(&n, "web", 51900, PRIVATE),
		  -ENOENT); /* the daemon died before it forgot */
	CHECK_INT(node_unservice(&n, "web"), 0);
	node_commit(&n);
	CHECK_INT(dedicate(&n, "web"), 0); /* nobody knows it any more */
	CHECK(last_step(&n)->kind != STEP_FORGET);
	node_commit(&n);
	check_tunnel(&n, "web", 51821, "CAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=");
	node_done(&n);
}

TEST(nobody_else_gets_its_port)
{
	struct node n;

	node_init(&n);
	node_has_tunnel(&n);
	CHECK_INT(restore(&n, "web", 51821, PRIVATE), 0);
	CHECK_INT(dedicate(&n, "db"), 0);
	node_commit(&n);
	check_tunnel(&n, "db", 51822, "CAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=");
	CHECK_INT(restore(&n, "late", 51822, PRIVATE), 0);
	CHECK_INT(dedicate(&n, "late"), 0); /* its key counts, but the port is another's */
	node_commit(&n);
	check_tunnel(&n, "late", 51823, PUBLIC);
	node_done(&n);
}

TEST(what_makes_no_sense)
{
	struct node n;

	node_init(&n);
	CHECK_INT(restore(&n, "", 51821, PRIVATE), -EBADMSG);
	CHECK_INT(restore(&n, "web", 0, PRIVATE), -EBADMSG);
	CHECK_INT(restore(&n, "web", 51821, "no key"), -EBADMSG);
	CHECK_INT(restore(&n, "web", 51821, PRIVATE), 0);
	CHECK_INT(restore(&n, "web", 51822, PRIVATE), -EBADMSG);
	node_done(&n);
}
