#include "server/ops/reap.h"

#include "tests/check.h"
#include "tests/server/ops/node.h"

#define SERVICE "{\"op\":\"setup_service_overlay\",\"service\":\"web\",\"mode\":\"isolated\"}"
#define ATTACH                                                                                     \
	"{\"op\":\"attach_container\",\"handle\":{\"platform\":\"linux_pid\",\"pid\":5},"          \
	"\"service\":\"web\",\"join_global\":false,\"ephemeral\":true}"
#define DETACH "{\"op\":\"detach_container\",\"handle\":{\"platform\":\"linux_pid\",\"pid\":5}}"

static void begin(struct node *n)
{
	node_start(n);
	node_ask(n, SERVICE, "service_overlay");
	node_ask(n, ATTACH, "\"attached\"");
}

static void until_reaped(struct node *n)
{
	while (n->daemon.reap)
		uv_run(&n->loop, UV_RUN_ONCE);
}

TEST(behind_the_last_container)
{
	struct node n;

	begin(&n);
	CHECK(!n.daemon.reap);
	node_ask(&n, DETACH, "\"ok\"");
	until_reaped(&n);
	CHECK_INT(engine_service_count(n.daemon.engine), 0);
	CHECK(!net_fake_has(&n.fake, "bridge "));
	node_stop(&n);
}

/* Calls that end meanwhile don't hurry it. */
TEST(tried_until_it_has_gone)
{
	int steps;
	struct node n;

	begin(&n);
	n.fake.fail_at = n.fake.steps + 2; /* the bridge's end, once */
	node_ask(&n, DETACH, "\"ok\"");
	while (!n.daemon.reap || reap_is_busy(&n.daemon))
		uv_run(&n.loop, UV_RUN_ONCE);
	CHECK_INT(engine_service_count(n.daemon.engine), 1);
	CHECK(net_fake_has(&n.fake, "bridge "));
	steps = n.fake.steps;
	reap_look(&n.daemon);
	n.daemon.settled(&n.daemon);
	CHECK(!reap_is_busy(&n.daemon));
	CHECK_INT(n.fake.steps, steps);
	until_reaped(&n);
	CHECK_INT(engine_service_count(n.daemon.engine), 0);
	CHECK(!net_fake_has(&n.fake, "bridge "));
	node_stop(&n);
}

/* A daemon that ends gives it up. */
TEST(given_up)
{
	struct node n;

	begin(&n);
	n.fake.fail_at = n.fake.steps + 2;
	node_ask(&n, DETACH, "\"ok\"");
	while (!n.daemon.reap || reap_is_busy(&n.daemon))
		uv_run(&n.loop, UV_RUN_ONCE);
	reap_end(&n.daemon);
	CHECK(!n.daemon.reap);
	node_stop(&n);
}
