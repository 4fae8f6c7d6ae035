#include "server/ops/health.h"

#include <poll.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "tests/check.h"
#include "tests/server/ipc/clock.h"
#include "tests/server/ops/node.h"

#define HELLO  "{\"op\":\"hello\"}"
#define STATUS "{\"op\":\"status\"}"
#define SETUP                                                                                      \
	"{\"op\":\"setup_global_overlay\",\"deployment\":\"d\",\"instance_id\":\"1\","             \
	"\"cluster_cidr\":\"10.200.0.0/16\",\"wg_port\":0}"
#define TEARDOWN "{\"op\":\"teardown_global_overlay\"}"
#define DEDICATED                                                                                  \
	"{\"op\":\"setup_service_overlay\",\"service\":\"web\",\"mode\":\"dedicated\"}"
#define NO_SERVICE "{\"op\":\"teardown_service_overlay\",\"service\":\"web\"}"
#define EVENT(key, healthy)                                                                        \
	"{\"frame\":\"event\",\"event\":\"peer_health_changed\",\"pubkey\":\"" key                 \
	"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\",\"healthy\":" healthy "}"

/* A peer, by the first byte of its key, and how old its last handshake is; -1: there was none. */
static void see(struct node *n, uint8_t key, int age)
{
	struct fake_tunnel *t = &n->tunnel;

	CHECK(t->n_peers < ARRAY_SIZE(t->peers));
	t->peers[t->n_peers++] =
		(struct tunnel_peer){ .key = { { key } },
				      .last_handshake = age < 0 ? 0 : time(NULL) - age };
}

static void look_again(struct node *n)
{
	clock_advance(HEALTH_SECONDS * 1000);
	node_turn(n);
}

static bool quiet(struct node *n)
{
	look_again(n);
	look_again(n);
	return poll(&(struct pollfd){ .fd = n->fd, .events = POLLIN }, 1, 0) == 0;
}

static void start(struct node *n)
{
	node_start(n);
	node_ask(n, SETUP, "bridge_name");
}

TEST(changes_are_told_once)
{
	struct node n;

	start(&n);
	see(&n, 4, -1);
	node_ask(&n, HELLO, "server_info");
	CHECK(quiet(&n));
	n.tunnel.n_peers = 0;
	see(&n, 4, 1);
	look_again(&n);
	node_hear(&n, EVENT("BA", "true"));
	CHECK(quiet(&n));
	n.tunnel.n_peers = 0;
	see(&n, 4, HEALTH_AGE_SECONDS);
	look_again(&n);
	node_hear(&n, EVENT("BA", "false"));
	CHECK(quiet(&n));
	node_stop(&n);
}

/* The dump is in no order. */
TEST(several_at_once)
{
	struct node n;

	start(&n);
	see(&n, 8, 1);
	see(&n, 4, 1);
	node_ask(&n, HELLO, "server_info");
	CHECK(quiet(&n)); /* they were so before */
	n.tunnel.n_peers = 0;
	see(&n, 12, 1);
	see(&n, 8, HEALTH_AGE_SECONDS - 30);
	see(&n, 0, 2);
	look_again(&n);
	node_hear(&n, EVENT("AA", "true"));
	node_hear(&n, EVENT("BA", "false")); /* it is not there any more */
	node_hear(&n, EVENT("DA", "true"));
	CHECK(quiet(&n));
	node_stop(&n);
}

TEST(without_a_tunnel_nobody_is_reached)
{
	struct node n;

	start(&n);
	see(&n, 4, 1);
	node_ask(&n, HELLO, "server_info");
	CHECK(quiet(&n));
	node_ask(&n, TEARDOWN, "ok");
	look_again(&n);
	node_hear(&n, EVENT("BA", "false"));
	CHECK(quiet(&n));
	node_stop(&n);
}

/* No news is not bad news. */
TEST(a_tunnel_that_does_not_answer_says_nothing)
{
	struct node n;

	start(&n);
	see(&n, 4, 1);
	node_ask(&n, HELLO, "server_info");
	CHECK(quiet(&n));
	n.tunnel.hangs = true;
	CHECK(quiet(&n));
	n.tunnel.hangs = false;
	CHECK(quiet(&n));
	n.tunnel.n_peers = 0;
	look_again(&n);
	node_hear(&n, EVENT("BA", "false"));
	node_stop(&n);
}

/* The reference's clients can't say hello. */
TEST(who_has_not_said_hello_hears_nothing)
{
	struct node n;
	int other;

	start(&n);
	other = n.fd;
	n.fd = node_connect(&n);
	node_ask(&n, HELLO, "server_info");
	CHECK(quiet(&n));
	see(&n, 4, 1);
	look_again(&n);
	node_hear(&n, EVENT("BA", "true"));
	CHECK_INT(poll(&(struct pollfd){ .fd = other, .events = POLLIN }, 1, 0), 0);
	close(n.fd);
	n.fd = other;
	node_turn(&n);
	look_again(&n);
	CHECK(!n.daemon.health); /* nobody listens: nobody looks */
	node_ask(&n, STATUS, "\"peer_count\":1");
	n.tunnel.n_peers = 0;
	CHECK(quiet(&n));
	node_stop(&n);
}

/* The end while the tunnel is being asked. */
TEST(the_end_on_the_way)
{
	struct node n;

	start(&n);
	n.tunnel.hangs = true;
	node_ask(&n, HELLO, "server_info");
	node_stop(&n);
}

/* It came while somebody listened: its peers were not healthy before. */
TEST(a_tunnel_of_a_services_own)
{
	struct node n;

	start(&n);
	node_ask(&n, TEARDOWN, "ok");
	node_ask(&n, HELLO, "server_info");
	CHECK(quiet(&n));
	see(&n, 4, 1);
	node_ask(&n, DEDICATED, "service_overlay");
	look_again(&n);
	node_hear(&n, EVENT("BA", "true"));
	CHECK(quiet(&n));
	node_ask(&n, NO_SERVICE, "ok");
	look_again(&n);
	node_hear(&n, EVENT("BA", "false"));
	CHECK(quiet(&n));
	node_stop(&n);
}
