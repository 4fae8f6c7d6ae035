#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "runtime/key.h"
#include "server/ops/slices.h"
#include "tests/check.h"
#include "tests/server/ops/node.h"

#define SETUP                                                                                      \
	"{\"op\":\"setup_global_overlay\",\"deployment\":\"d\",\"instance_id\":\"1\","             \
	"\"cluster_cidr\":\"10.200.0.0/16\",\"wg_port\":0}"
#define HELLO "{\"op\":\"hello\"}"
#define MANY  (4 * SLICE_ITEMS + 7) /* a large request, too */

/* A request for peers 0 to n - 1; `other` has a prefix outside, for which a route is made. */
static const char *sync_of(unsigned n, int other)
{
	static char text[128 * 1024];
	size_t at = (size_t)sprintf(text, "{\"op\":\"sync_peers\",\"peers\":[");

	for (unsigned i = 0; i < n; i++) {
		const struct ovd_key key = { { 7, (uint8_t)(i >> 8), (uint8_t)i } };
		char text_of_key[KEY_TEXT_MAX];

		at += (size_t)sprintf(text + at,
				      "%s{\"public_key\":\"%s\",\"endpoint\":\"192.0.2.1:%u\","
				      "\"allowed_ips\":\"%s.%u.%u/32\","
				      "\"persistent_keepalive_secs\":0}",
				      i ? "," : "", key_format(&key, text_of_key), i + 1,
				      (int)i == other ? "172.16" : "10.200", i >> 8, i & 255);
	}
	sprintf(text + at, "]}");
	return text;
}

static const char *synced(size_t added, size_t changed, size_t removed, size_t kept)
{
	static char text[128];

	snprintf(text, sizeof(text), "\"added\":%zu,\"changed\":%zu,\"removed\":%zu,\"kept\":%zu",
		 added, changed, removed, kept);
	return text;
}

static bool quiet(struct node *n)
{
	node_turn(n);
	return poll(&(struct pollfd){ .fd = n->fd, .events = POLLIN }, 1, 0) == 0;
}

static void start(struct node *n)
{
	node_start(n);
	node_ask(n, SETUP, "bridge_name");
}

TEST(what_differs)
{
	static const unsigned sizes[] = { 3, MANY };
	struct node n;

	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		unsigned size = sizes[i], n_set;

		CASE("%u peers", size);
		start(&n);
		node_ask(&n, sync_of(size, -1), synced(size, 0, 0, 0));
		n_set = n.tunnel.n_set;
		CHECK(n_set > 0);
		node_ask(&n, sync_of(size, -1), synced(0, 0, 0, size));
		CHECK_INT(n.tunnel.n_set, n_set);
		node_ask(&n, sync_of(size, 1), synced(0, 1, 0, size - 1));
		CHECK_INT(n.tunnel.n_set, n_set + 1);
		CHECK_INT(n.tunnel.told.n_allowed, 1);
		CHECK_INT(n.tunnel.told.n_removed, 1);
		CHECK(strstr(net_fake_text(&n.fake), "172.16.0.1/32"));
		node_ask(&n, sync_of(1, -1), synced(0, 0, size - 1, 1));
		CHECK(n.tunnel.told.remove);
		CHECK(!strstr(net_fake_text(&n.fake), "172.16.0.1/32"));
		CHECK_INT(engine_peer_count(n.daemon.engine), 1);
		node_stop(&n);
	}
}

/* Only who is about a peer waits. */
TEST(nobody_else_waits)
{
	int other, third, first;
	struct node n;

	start(&n);
	first = n.fd;
	other = node_connect(&n);
	third = node_connect(&n);
	n.tunnel.hangs = true;
	node_send(&n, sync_of(MANY, -1));
	n.fd = other;
	node_ask(&n, HELLO, "server_info");
	while (n.tunnel.n_set == 0)
		node_turn(&n);
	n.fd = third;
	node_send(&n, "{\"op\":\"remove_peer\",\"pubkey\":"
		      "\"BwAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\"}");
	for (int i = 0; i < MANY; i++)
		CHECK(quiet(&n));
	n.fd = other;
	node_ask(&n, HELLO, "server_info");
	n.fd = first;
	CHECK(quiet(&n));
	node_wake(&n);
	node_hear(&n, synced(MANY, 0, 0, 0));
	n.fd = third;
	node_hear(&n, "\"ok\"");
	CHECK_INT(engine_peer_count(n.daemon.engine), MANY - 1);
	fd_closep(&other);
	fd_closep(&third);
	n.fd = first;
	node_stop(&n);
}

#define PEER(key, endpoint, allowed)                                                               \
	"{\"public_key\":\"" key "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\",\"endpoint\":\""    \
	endpoint "\",\"allowed_ips\":\"" allowed "\",\"persistent_keepalive_secs\":0}"
#define GOOD PEER("B", "192.0.2.1:1", "10.200.1.0/24")

static const struct {
	const char *second, *field, *why;
} refused[] = {
	{ PEER("?", "192.0.2.1:1", ""), "request.peers[1].public_key", "is not a key" },
	{ PEER("C", "192.0.2.1", ""), "request.peers[1].endpoint", "has no port" },
	{ PEER("C", "192.0.2.1:1", "x"), "request.peers[1].allowed_ips", "is not a prefix" },
	{ PEER("C", "192.0.2.1:1", "0.0.0.0/0"), "request.peers[1]", "all of the host's traffic" },
	{ PEER("C", "192.0.2.1:1", "10.200.1.0/24"), "request.peers[1]", "10.200.1.0/24 is in" },
	{ GOOD, "request.peers[1]", "is listed twice" },
};

TEST(one_refuses_all)
{
	struct node n;

	start(&n);
	node_ask(&n, sync_of(3, -1), synced(3, 0, 0, 0));
	for (size_t i = 0; i < ARRAY_SIZE(refused); i++) {
		unsigned n_set = n.tunnel.n_set;
		char request[1024], field[64];
		const char *heard;

		snprintf(request, sizeof(request),
			 "{\"op\":\"sync_peers\",\"peers\":[" GOOD ",%s]}", refused[i].second);
		snprintf(field, sizeof(field), "\"field\":\"%s\"", refused[i].field);
		heard = node_ask(&n, request, field);
		CHECK(strstr(heard, refused[i].why));
		CHECK_INT(n.tunnel.n_set, n_set);
		CHECK_INT(engine_peer_count(n.daemon.engine), 3);
	}
	node_ask(&n, sync_of(3, -1), synced(0, 0, 0, 3));
	node_stop(&n);
}

TEST(a_step_that_fails)
{
	struct node n;

	start(&n);
	node_ask(&n, sync_of(3, -1), synced(3, 0, 0, 0));
	n.fake.steps = 0;
	n.fake.fail_at = 0;
	node_ask(&n, sync_of(2, 1), "\"err\"");
	n.fake.fail_at = -1;
	CHECK_INT(engine_peer_count(n.daemon.engine), 3);
	node_ask(&n, sync_of(3, -1), synced(0, 0, 0, 3));
	node_stop(&n);
}

/* What it did before it refused isn't known: all is told again. */
TEST(a_tunnel_that_refuses)
{
	struct node n;

	start(&n);
	node_ask(&n, sync_of(3, -1), synced(3, 0, 0, 0));
	n.tunnel.result = -ENOMEM;
	node_ask(&n, sync_of(4, 1), "the tunnel refused the peers");
	CHECK(!strstr(net_fake_text(&n.fake), "172.16.0.1/32"));
	CHECK_INT(engine_peer_count(n.daemon.engine), 3);
	n.tunnel.result = 0;
	node_ask(&n, sync_of(3, -1), synced(0, 1, 0, 2));
	CHECK_INT(n.tunnel.n_told, 3); /* one in full, and the fourth goes */
	node_ask(&n, sync_of(3, -1), synced(0, 0, 0, 3));
	node_stop(&n);
}

/* Whoever makes it again tells it. */
TEST(a_tunnel_that_is_gone)
{
	struct node n;

	start(&n);
	n.tunnel.result = -ENODEV;
	node_ask(&n, sync_of(3, -1), synced(3, 0, 0, 0));
	CHECK_INT(engine_peer_count(n.daemon.engine), 3);
	n.tunnel.result = 0;
	node_ask(&n, sync_of(3, -1), synced(0, 3, 0, 0)); /* in full */
	CHECK_INT(n.tunnel.n_told, 6);
	node_stop(&n);
}

TEST(status_of_many)
{
	char want[64];
	struct node n;

	start(&n);
	n.tunnel.n_peers = ARRAY_SIZE(n.tunnel.peers);
	CHECK(n.tunnel.n_peers > SLICE_ITEMS);
	snprintf(want, sizeof(want), "\"peer_count\":%zu", n.tunnel.n_peers);
	node_ask(&n, "{\"op\":\"status\"}", want);
	node_stop(&n);
}

/* What is wanted; in slices, between which it may change. */
TEST(status_of_many_without_a_tunnel)
{
	char want[64];
	struct node n;
	int fd, first;

	node_start(&n);
	node_ask(&n, sync_of(MANY, -1), synced(MANY, 0, 0, 0));
	snprintf(want, sizeof(want), "\"peer_count\":%d", MANY);
	CHECK(strstr(node_ask(&n, "{\"op\":\"status\"}", want), "10.200.2.6/32"));
	first = n.fd;
	fd = node_connect(&n);
	node_send(&n, "{\"op\":\"status\"}");
	while (!n.daemon.turns)
		uv_run(&n.loop, UV_RUN_NOWAIT);
	n.fd = fd;
	node_send(&n, "{\"op\":\"add_peer\",\"public_key\":"
		      "\"CAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\",\"endpoint\":"
		      "\"192.0.2.1:1\",\"allowed_ips\":\"10.200.9.9/32\","
		      "\"persistent_keepalive_secs\":0}");
	node_hear(&n, "\"ok\"");
	CHECK(n.daemon.turns); /* it is still at it */
	n.fd = first;
	snprintf(want, sizeof(want), "\"peer_count\":%d", MANY + 1);
	CHECK(strstr(node_hear(&n, want), "10.200.9.9/32"));
	close(fd);
	node_stop(&n);
}
