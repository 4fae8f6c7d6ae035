#include "server/ops/channel.h"

#include <errno.h>
#include <poll.h>
#include <string.h>

#include "server/ops/heal.h"
#include "tests/check.h"
#include "tests/server/ipc/clock.h"
#include "tests/server/ops/node.h"

#define STATUS "{\"op\":\"status\"}"
#define SETUP                                                                                      \
	"{\"op\":\"setup_global_overlay\",\"deployment\":\"d\",\"instance_id\":\"1\","             \
	"\"cluster_cidr\":\"10.200.0.0/16\",\"wg_port\":0}"
#define TEARDOWN "{\"op\":\"teardown_global_overlay\"}"
#define ADD_PEER                                                                                   \
	"{\"op\":\"add_peer\",\"public_key\":\"E4/lYYptdHfYB472s33Amoa7IDfTcdOZjR5odO75wH0=\","    \
	"\"endpoint\":\"192.0.2.2:51820\",\"allowed_ips\":\"198.51.100.0/24\","                    \
	"\"persistent_keepalive_secs\":0}"

#define REMOVE_PEER                                                                                \
	"{\"op\":\"remove_peer\",\"pubkey\":\"E4/lYYptdHfYB472s33Amoa7IDfTcdOZjR5odO75wH0=\"}"

#define DEDICATED                                                                                  \
	"{\"op\":\"setup_service_overlay\",\"service\":\"web\",\"mode\":\"dedicated\"}"
#define NO_SERVICE "{\"op\":\"teardown_service_overlay\",\"service\":\"web\"}"
#define ADD_SERVICE_PEER                                                                           \
	"{\"op\":\"add_peer\",\"public_key\":\"E4/lYYptdHfYB472s33Amoa7IDfTcdOZjR5odO75wH0=\","    \
	"\"endpoint\":\"192.0.2.2:51821\",\"allowed_ips\":\"203.0.113.0/24\","                    \
	"\"persistent_keepalive_secs\":0,\"scope\":{\"scope\":\"service\",\"service\":\"web\"}}"

static bool quiet(struct node *n)
{
	node_turn(n);
	return poll(&(struct pollfd){ .fd = n->fd, .events = POLLIN }, 1, 0) == 0;
}

static void seconds(struct node *n, unsigned s)
{
	clock_advance(s * 1000);
	node_turn(n);
}

TEST(a_device_that_hangs_costs_5_seconds)
{
	struct node n;

	node_start(&n);
	node_ask(&n, SETUP, "bridge_name");
	node_ask(&n, STATUS, "\"peer_count\":0");
	CHECK_INT(n.tunnel.n_opened, 1);
	n.tunnel.hangs = true;
	node_send(&n, STATUS);
	CHECK(quiet(&n));
	seconds(&n, CHANNEL_SECONDS - 1);
	CHECK(quiet(&n));
	seconds(&n, 1);
	node_hear(&n, "\"interface\":\"zl-d-1-g\"");        /* what is wanted, instead of what is */
	node_ask(&n, STATUS, "\"interface\":\"zl-d-1-g\""); /* and not once more */
	CHECK_INT(n.tunnel.n_asked, 2);                     /* that, and a sign of life */
	node_wake(&n);
	CHECK_INT(n.tunnel.n_asked, 0);
	n.tunnel.hangs = true;
	node_send(&n, STATUS);
	CHECK(quiet(&n)); /* it is asked again */
	node_wake(&n);
	node_hear(&n, "\"peer_count\":0");
	CHECK_INT(n.tunnel.n_opened, 1);
	node_stop(&n);
}

/* Its route goes, nobody has it, and it may be added again. */
TEST(a_peer_that_the_device_does_not_take_in_time)
{
	char before[4096] = "";
	struct node n;

	node_start(&n);
	node_ask(&n, SETUP, "bridge_name");
	strncat(before, net_fake_text(&n.fake), sizeof(before) - 1);
	n.tunnel.hangs = true;
	node_send(&n, ADD_PEER);
	while (n.tunnel.n_set == 0) /* the link thread makes a route first */
		node_turn(&n);
	CHECK(quiet(&n));
	seconds(&n, CHANNEL_SECONDS);
	node_hear(&n, "Connection timed out\",\"code\":\"timed_out\",\"retryable\":true}");
	CHECK_STR(net_fake_text(&n.fake), before);
	CHECK_INT(engine_peer_count(n.daemon.engine), 0);
	node_wake(&n);
	node_ask(&n, ADD_PEER, "\"ok\"");
	CHECK_INT(n.tunnel.n_opened, 1);
	node_stop(&n);
}

static void times_out(struct node *n, const char *request)
{
	unsigned had = n->tunnel.n_set;

	n->tunnel.hangs = true;
	node_send(n, request);
	while (n->tunnel.n_set == had) /* the link thread makes a route first */
		node_turn(n);
	seconds(n, CHANNEL_SECONDS);
	node_hear(n, "\"timed_out\"");
}

/* The caller was told that it failed: it must not come up later. What is told by the same channel
 * comes behind it. */
TEST(a_peer_that_the_device_may_have_taken)
{
	struct node n;

	node_start(&n);
	node_ask(&n, SETUP, "bridge_name");
	times_out(&n, ADD_PEER);
	CHECK_INT(n.tunnel.n_asked, 2);
	CHECK_INT(n.tunnel.n_set, 2);
	CHECK_INT(n.tunnel.n_told, 1);
	CHECK(n.tunnel.told.remove);
	node_ask(&n, ADD_PEER, "\"timed_out\""); /* at once, and again in doubt */
	CHECK_INT(n.tunnel.n_asked, 2);
	node_wake(&n);
	node_turn(&n);
	CHECK_INT(n.tunnel.n_asked, 0);
	node_ask(&n, STATUS, "\"peer_count\":0");
	CHECK_INT(n.tunnel.n_set, 2);
	CHECK_INT(n.tunnel.n_opened, 1);
	node_stop(&n);
}

/* It is wanted still, and told again. */
TEST(a_peer_that_the_device_may_have_removed)
{
	struct node n;

	node_start(&n);
	node_ask(&n, SETUP, "bridge_name");
	node_ask(&n, ADD_PEER, "\"ok\"");
	times_out(&n, REMOVE_PEER);
	node_wake(&n);
	CHECK_INT(n.tunnel.n_set, 3);
	CHECK_INT(n.tunnel.n_told, 2); /* that it goes, and what it is to be */
	CHECK(!n.tunnel.told.remove && n.tunnel.told.has_endpoint);
	node_ask(&n, ADD_PEER, "\"ok\""); /* there is no doubt any more */
	CHECK_INT(n.tunnel.n_set, 3);
	node_stop(&n);
}

/* What came into doubt while it was not heard is told when it is. */
TEST(doubts_behind_doubts)
{
	struct node n;

	node_start(&n);
	node_ask(&n, SETUP, "bridge_name");
	node_ask(&n, ADD_PEER, "\"ok\"");
	n.tunnel.hangs = true;
	node_send(&n, STATUS);
	node_turn(&n);
	seconds(&n, CHANNEL_SECONDS);
	node_hear(&n, "\"status\"");
	node_ask(&n, REMOVE_PEER, "\"timed_out\"");
	CHECK_INT(n.tunnel.n_set, 1);
	node_wake(&n);
	CHECK_INT(n.tunnel.n_set, 2);
	CHECK_INT(n.tunnel.n_told, 2);
	node_stop(&n);
}

/* It hangs for this channel alone: a setup that goes well gives it some time, not for ever. */
TEST(a_channel_that_is_never_heard_again)
{
	struct node n;

	node_start(&n);
	node_ask(&n, SETUP, "bridge_name");
	times_out(&n, ADD_PEER);
	seconds(&n, 100 * CHANNEL_SECONDS);
	CHECK(node_has_channel(&n));
	node_ask(&n, SETUP, "bridge_name");
	seconds(&n, CHANNEL_SECONDS - 1);
	CHECK(node_has_channel(&n));
	seconds(&n, 1);
	CHECK(!node_has_channel(&n));
	n.tunnel.hangs = false;
	node_ask(&n, STATUS, "\"peer_count\":0");
	CHECK_INT(n.tunnel.n_opened, 2);
	CHECK_INT(n.tunnel.n_set, 3);
	CHECK_INT(n.tunnel.n_told, 1);
	CHECK(n.tunnel.told.remove);
	/* the other way round: it is heard in time */
	times_out(&n, ADD_PEER);
	node_ask(&n, SETUP, "bridge_name");
	node_wake(&n);
	seconds(&n, 100 * CHANNEL_SECONDS);
	CHECK(node_has_channel(&n));
	CHECK_INT(n.tunnel.n_opened, 2);
	node_stop(&n);
}

/* Its other side goes while it is waited for. */
TEST(a_channel_that_breaks_while_it_is_late)
{
	struct node n;

	node_start(&n);
	node_ask(&n, SETUP, "bridge_name");
	times_out(&n, ADD_PEER);
	n.tunnel.result = -EPIPE;
	n.tunnel.ended = true;
	node_wake(&n);
	CHECK(!node_has_channel(&n));
	n.tunnel.result = 0;
	n.tunnel.ended = false;
	node_ask(&n, STATUS, "\"peer_count\":0");
	CHECK_INT(n.tunnel.n_set, 3);
	CHECK(n.tunnel.told.remove);
	node_stop(&n);
}

/* Asked of one that breaks. */
static void ask_and_break(struct node *n)
{
	n->tunnel.hangs = true;
	node_send(n, ADD_PEER);
	while (n->tunnel.n_set == 0)
		node_turn(n);
	n->tunnel.hangs = false;
	n->tunnel.result = -EPIPE;
	n->tunnel.ended = true;
	node_channel_ready(n);
	n->tunnel.ended = false;
}

TEST(a_device_that_goes_while_it_is_told)
{
	struct node n;

	node_start(&n);
	node_ask(&n, SETUP, "bridge_name");
	ask_and_break(&n);
	n.tunnel.open_result = -ENODEV;
	node_hear(&n, "\"ok\""); /* it is as without a device */
	CHECK_INT(engine_peer_count(n.daemon.engine), 1);
	CHECK(strstr(net_fake_text(&n.fake), "route 198.51.100.0/24"));
	node_stop(&n);
}

TEST(a_channel_that_breaks)
{
	struct node n;

	node_start(&n);
	node_ask(&n, SETUP, "bridge_name");
	ask_and_break(&n);
	n.tunnel.result = 0;
	node_hear(&n, "\"ok\""); /* of a new channel */
	CHECK_INT(n.tunnel.n_opened, 2);
	CHECK_INT(n.tunnel.n_set, 2);
	CHECK_INT(n.tunnel.n_told, 2);
	node_stop(&n);
}

TEST(a_channel_that_always_breaks)
{
	struct node n;

	node_start(&n);
	node_ask(&n, SETUP, "bridge_name");
	ask_and_break(&n);
	node_hear(&n, "\"unavailable\",\"retryable\":true}");
	CHECK_INT(n.tunnel.n_set, 2);
	CHECK_INT(engine_peer_count(n.daemon.engine), 0);
	CHECK(!strstr(net_fake_text(&n.fake), "route 198.51.100.0/24"));
	node_stop(&n);
}

/* The setup that makes the device again gives it what came meanwhile. */
TEST(a_device_that_is_gone_is_no_device)
{
	static const int errors[] = { -ENODEV, -ENOENT, -ECONNREFUSED };
	struct node n;

	node_start(&n);
	node_ask(&n, SETUP, "bridge_name");
	n.tunnel.ended = true;
	node_channel_ready(&n);
	CHECK(!node_has_channel(&n));
	for (size_t i = 0; i < ARRAY_SIZE(errors); i++) {
		CASE("%s", strerror(-errors[i]));
		n.tunnel.open_result = errors[i];
		node_ask(&n, ADD_PEER, "\"ok\"");
		CHECK_INT(engine_peer_count(n.daemon.engine), 1);
		CHECK(strstr(net_fake_text(&n.fake), "route 198.51.100.0/24"));
		node_ask(&n, REMOVE_PEER, "\"ok\"");
		CHECK_INT(engine_peer_count(n.daemon.engine), 0);
		CHECK(!strstr(net_fake_text(&n.fake), "route 198.51.100.0/24"));
		node_ask(&n, REMOVE_PEER, "\"ok\"");
	}
	node_ask(&n, ADD_PEER, "\"ok\"");
	n.tunnel.open_result = 0;
	n.tunnel.ended = false;
	CHECK_INT(n.tunnel.n_set, 0);
	node_ask(&n, ADD_PEER, "\"ok\""); /* should it be there again without a setup */
	CHECK_INT(n.tunnel.n_set, 1);
	node_stop(&n);
}

/* Its link is gone with it: there is nothing for a route to lead to. */
TEST(a_route_through_a_link_that_is_gone)
{
	struct node n;

	node_start(&n);
	node_ask(&n, SETUP, "bridge_name");
	n.fake.steps = 0;
	n.fake.fail_at = 0;
	node_ask(&n, ADD_PEER, "peer: route 198.51.100.0/24: No buffer space available\"");
	CHECK_INT(engine_peer_count(n.daemon.engine), 0);
	n.fake.steps = 0;
	n.fake.error = -ENODEV;
	node_ask(&n, ADD_PEER, "\"ok\"");
	CHECK_INT(engine_peer_count(n.daemon.engine), 1);
	CHECK_INT(n.tunnel.n_set, 0);
	node_ask(&n, SETUP, "bridge_name");
	CHECK(strstr(net_fake_text(&n.fake), "route 198.51.100.0/24"));
	node_stop(&n);
}

/* ---- without the wire ---- */

struct asked {
	struct channel_wait wait;
	int r;
};

static void answered(void *arg, int r, const struct tunnel_state *state _unused_)
{
	((struct asked *)arg)->r = r;
}

static void ask(struct node *n, struct asked *asked)
{
	asked->r = 1;
	CHECK_INT(channel_get(&n->daemon, NODES_TUNNEL, &asked->wait, answered, asked), 0);
}

TEST(the_time_begins_anew_with_each_sign_of_life)
{
	struct asked first, second;
	struct node n;

	node_start(&n);
	node_ask(&n, SETUP, "bridge_name");
	n.tunnel.hangs = true;
	ask(&n, &first);
	seconds(&n, CHANNEL_SECONDS - 1);
	ask(&n, &second); /* a question is no sign of life */
	seconds(&n, 1);
	CHECK_INT(first.r, -ETIMEDOUT);
	CHECK_INT(second.r, -ETIMEDOUT);
	node_wake(&n);
	n.tunnel.hangs = true;
	ask(&n, &first);
	seconds(&n, CHANNEL_SECONDS - 1);
	n.tunnel.answers = false;
	node_channel_ready(&n); /* half an answer */
	seconds(&n, CHANNEL_SECONDS - 1);
	CHECK_INT(first.r, 1);
	n.tunnel.answers = true;
	node_channel_ready(&n);
	CHECK_INT(first.r, 0);
	seconds(&n, 100 * CHANNEL_SECONDS); /* idle, it may be silent */
	CHECK(node_has_channel(&n));
	node_stop(&n);
}

TEST(a_channel_that_was_closed_stays_closed)
{
	struct asked asked;
	struct node n;

	node_start(&n);
	CHECK_INT(channel_get(&n.daemon, NODES_TUNNEL, &asked.wait, answered, &asked), -ENOTCONN);
	node_ask(&n, SETUP, "bridge_name");
	n.tunnel.hangs = true;
	ask(&n, &asked);
	channel_close(&n.daemon, NODES_TUNNEL);
	CHECK_INT(asked.r, -ECANCELED);
	CHECK_INT(channel_get(&n.daemon, NODES_TUNNEL, &asked.wait, answered, &asked), -ENOTCONN);
	CHECK_INT(channel_follow(&n.daemon, NODES_TUNNEL), 0);
	ask(&n, &asked);
	node_ask(&n, TEARDOWN, "\"ok\"");
	CHECK_INT(asked.r, -ECANCELED);
	CHECK_INT(channel_get(&n.daemon, NODES_TUNNEL, &asked.wait, answered, &asked), -ENOTCONN);
	CHECK_INT(n.tunnel.n_opened, 2);
	node_stop(&n);
}

/* It is the service's, whatever becomes of the node's. */
TEST(a_tunnel_of_a_services_own_has_a_channel_of_its_own)
{
	struct asked asked = { .r = 1 };
	struct node n;

	node_start(&n);
	node_ask(&n, SETUP, "bridge_name");
	node_ask(&n, DEDICATED, "\"mode\":\"dedicated\",\"wg_public_key\":\"");
	CHECK_INT(n.tunnel.n_opened, 2);
	node_ask(&n, TEARDOWN, "\"ok\"");
	CHECK_INT(channel_get(&n.daemon, NODES_TUNNEL, &asked.wait, answered, &asked), -ENOTCONN);
	node_ask(&n, ADD_PEER, "\"ok\"");
	CHECK_INT(n.tunnel.n_set, 0);
	node_ask(&n, ADD_SERVICE_PEER, "\"ok\"");
	CHECK_INT(n.tunnel.n_set, 1);
	CHECK(net_fake_has(&n.fake, "route 203.0.113.0/24"));
	node_ask(&n, STATUS, "\"peer_count\":1}]");
	n.tunnel.hangs = true;
	CHECK_INT(channel_get(&n.daemon, view("web"), &asked.wait, answered, &asked), 0);
	node_ask(&n, NO_SERVICE, "\"ok\"");
	CHECK_INT(asked.r, -ECANCELED); /* before the device goes */
	CHECK(!n.daemon.channels);
	node_ask(&n, ADD_SERVICE_PEER, "no dedicated overlay for service web");
	node_stop(&n);
}

/* The device may be gone already, and the rest isn't. */
TEST(a_service_that_can_not_be_torn_down_gets_its_tunnel_back)
{
	struct node n;

	node_start(&n);
	n.daemon.tunnel_lost = heal_begin;
	node_ask(&n, SETUP, "bridge_name");
	node_ask(&n, DEDICATED, "service_overlay");
	n.fake.fail_at = n.fake.steps + 3;
	n.tunnel.open_result = -ENODEV;
	node_ask(&n, NO_SERVICE, "\"err\"");
	n.tunnel.open_result = 0;
	while (n.daemon.chores)
		uv_run(&n.loop, UV_RUN_ONCE);
	CHECK(net_fake_has(&n.fake, "tunnel zl-d-1-web-d"));
	node_ask(&n, NO_SERVICE, "\"ok\"");
	node_stop(&n);
}
