#include "server/ops/reap.h"

#include <stdio.h>

#include "server/ops/channel.h"
#include "server/ops/chore.h"
#include "tests/check.h"
#include "tests/server/ops/node.h"

#define SETUP                                                                                      \
	"{\"op\":\"setup_global_overlay\",\"deployment\":\"d\",\"instance_id\":\"1\","             \
	"\"cluster_cidr\":\"10.200.0.0/16\",\"wg_port\":0}"

#define ADD_PEER                                                                                   \
	"{\"op\":\"add_peer\",\"public_key\":\"E4/lYYptdHfYB472s33Amoa7IDfTcdOZjR5odO75wH0=\","    \
	"\"endpoint\":\"192.0.2.2:51821\",\"allowed_ips\":\"203.0.113.0/24\","                     \
	"\"persistent_keepalive_secs\":0,\"scope\":{\"scope\":\"service\",\"service\":\"web\"}}"

static void has_service(struct node *n, const char *name, const char *mode)
{
	char text[256];

	snprintf(text, sizeof(text),
		 "{\"op\":\"setup_service_overlay\",\"service\":\"%s\",\"mode\":\"%s\"}", name,
		 mode);
	node_ask(n, text, "service_overlay");
}

static void attach(struct node *n, int pid, const char *service)
{
	char text[256];

	snprintf(text, sizeof(text),
		 "{\"op\":\"attach_container\",\"handle\":{\"platform\":\"linux_pid\",\"pid\":%d},"
		 "\"service\":\"%s\",\"join_global\":false,\"ephemeral\":true}",
		 pid, service);
	node_ask(n, text, "\"attached\"");
}

static void detach(struct node *n, int pid)
{
	char text[256];

	snprintf(text, sizeof(text),
		 "{\"op\":\"detach_container\",\"handle\":{\"platform\":\"linux_pid\",\"pid\":%d}}",
		 pid);
	node_ask(n, text, "\"ok\"");
}

static void begin(struct node *n)
{
	has_service(n, "web", "isolated");
	attach(n, 5, "web");
}

/* The bridge's end fails, once. */
static void begin_to_fail(struct node *n)
{
	begin(n);
	n->fake.fail_at = n->fake.steps + 2;
	detach(n, 5);
	CHECK(n->daemon.chores && !chores_busy(&n->daemon));
	CHECK_INT(engine_service_count(n->daemon.engine), 1);
}

static void until_reaped(struct node *n)
{
	while (n->daemon.chores)
		uv_run(&n->loop, UV_RUN_ONCE);
	CHECK_INT(engine_service_count(n->daemon.engine), 0);
	CHECK(!net_fake_has(&n->fake, "bridge "));
}

TEST(with_the_last_container)
{
	struct node n;

	node_start(&n);
	begin(&n);
	CHECK(!n.daemon.chores);
	detach(&n, 5);
	CHECK(!n.daemon.chores);
	CHECK_INT(engine_service_count(n.daemon.engine), 0);
	CHECK(!net_fake_has(&n.fake, "bridge "));
	node_stop(&n);
}

/* Calls that end meanwhile don't hurry it. */
TEST(tried_until_it_has_gone)
{
	int steps;
	struct node n;

	node_start(&n);
	begin_to_fail(&n);
	CHECK(net_fake_has(&n.fake, "bridge "));
	steps = n.fake.steps;
	reap_look(&n.daemon);
	n.daemon.settled(&n.daemon);
	CHECK(!chores_busy(&n.daemon));
	CHECK_INT(n.fake.steps, steps);
	until_reaped(&n);
	node_stop(&n);
}

/* Those behind it by name go with their containers, and it goes when it can. */
TEST(one_that_can_not_go_keeps_no_other)
{
	static const char *const names[] = { "a", "b", "c" };
	struct node n;

	node_start(&n);
	for (int i = 0; i < 3; i++) {
		has_service(&n, names[i], "isolated");
		attach(&n, 5 + i, names[i]);
	}
	n.fake.foreign = engine_service_link(n.daemon.engine, view("a"));
	for (int i = 0; i < 3; i++)
		detach(&n, 5 + i);
	CHECK_INT(engine_service_count(n.daemon.engine), 1);
	CHECK(engine_service_link(n.daemon.engine, view("a"))[0]);
	while (chores_busy(&n.daemon))
		uv_run(&n.loop, UV_RUN_ONCE);
	CHECK(n.daemon.chores);
	n.fake.foreign = NULL;
	until_reaped(&n);
	node_stop(&n);
}

/* A service that is set up again stays, and goes at once when it is to go again. */
TEST(one_that_comes_back)
{
	struct node n;

	node_start(&n);
	begin_to_fail(&n);
	begin(&n);
	detach(&n, 5);
	CHECK_INT(engine_service_count(n.daemon.engine), 0);
	until_reaped(&n);

	begin_to_fail(&n);
	has_service(&n, "web", "isolated");
	while (n.daemon.chores)
		uv_run(&n.loop, UV_RUN_ONCE);
	CHECK_INT(engine_service_count(n.daemon.engine), 1);
	node_stop(&n);
}

/* A daemon that ends gives it up. */
TEST(given_up)
{
	struct node n;

	node_start(&n);
	begin_to_fail(&n);
	chores_end(&n.daemon);
	CHECK(!n.daemon.chores);
	node_stop(&n);
}

static void lost(struct daemon *d _unused_, struct ovd_view service _unused_)
{
	check_fail(__FILE__, __LINE__, "a tunnel that was to go is lost");
}

/* Nobody waits for a tunnel that goes, nor makes one again whose service could not go after it. */
TEST(its_tunnel_goes_unheard)
{
	struct node n;

	for (int i = 0; i < 2; i++) {
		node_start(&n);
		n.daemon.tunnel_lost = lost;
		node_ask(&n, SETUP, "bridge_name");
		has_service(&n, "web", "dedicated");
		attach(&n, 5, "web");
		CHECK(n.daemon.channels->next);
		n.fake.foreign = i ? engine_service_link(n.daemon.engine, view("web")) : NULL;
		detach(&n, 5);
		CHECK_INT(engine_service_count(n.daemon.engine), i);
		CHECK(!n.daemon.channels->next);
		while (chores_busy(&n.daemon))
			uv_run(&n.loop, UV_RUN_ONCE);
		CHECK(!net_fake_has(&n.fake, "tunnel zl-d-1-web-d"));
		n.fake.foreign = NULL;
		until_reaped(&n);
		CHECK(!net_fake_has(&n.fake, "tunnel zl-d-1-web-d"));
		node_stop(&n);
	}
}

/* Who detached the last container doesn't wait for those who are at its tunnel's peers. */
TEST(one_whose_peers_are_being_changed)
{
	struct node n;
	int first;

	node_start(&n);
	node_ask(&n, SETUP, "bridge_name");
	has_service(&n, "web", "dedicated");
	attach(&n, 5, "web");
	n.tunnel.hangs = true;
	node_send(&n, ADD_PEER);
	while (n.tunnel.n_asked == 0)
		uv_run(&n.loop, UV_RUN_ONCE);
	first = n.fd;
	n.fd = node_connect(&n);
	detach(&n, 5);
	CHECK_INT(engine_service_count(n.daemon.engine), 1);
	close(n.fd);
	n.fd = first;
	node_wake(&n);
	node_hear(&n, "\"ok\"");
	until_reaped(&n);
	node_stop(&n);
}
