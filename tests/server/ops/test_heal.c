#include "server/ops/heal.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "server/ops/channel.h"
#include "server/ops/chore.h"
#include "tests/check.h"
#include "tests/server/ops/node.h"

#define SETUP                                                                                      \
	"{\"op\":\"setup_global_overlay\",\"deployment\":\"d\",\"instance_id\":\"1\","             \
	"\"cluster_cidr\":\"10.200.0.0/16\",\"wg_port\":0}"
#define TEARDOWN "{\"op\":\"teardown_global_overlay\"}"

#define DEDICATED "{\"op\":\"setup_service_overlay\",\"service\":\"web\",\"mode\":\"dedicated\"}"

#define ADD_PEER(key)                                                                              \
	"{\"op\":\"add_peer\",\"public_key\":\"" key                                               \
	"QAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\",\"endpoint\":\"192.0.2.1:1\","              \
	"\"allowed_ips\":\"\",\"persistent_keepalive_secs\":0}"

static void lose_tunnel(struct node *n)
{
	n->tunnel.ended = true;
	node_channel_ready(n);
	n->tunnel.ended = false;
	CHECK(!node_has_channel(n));
}

static void until_healed(struct node *n)
{
	while (n->daemon.chores)
		uv_run(&n->loop, UV_RUN_ONCE);
}

TEST(made_again)
{
	struct node n;

	node_start(&n);
	n.daemon.tunnel_lost = heal_begin;
	node_ask(&n, SETUP, "bridge_name");
	CHECK(net_fake_drop(&n.fake, "tunnel "));
	lose_tunnel(&n);
	until_healed(&n);
	CHECK(net_fake_has(&n.fake, "tunnel "));
	CHECK(node_has_channel(&n));
	CHECK_INT(n.tunnel.n_opened, 2);
	node_stop(&n);
}

TEST(tried_until_it_stands)
{
	struct node n;

	node_start(&n);
	n.daemon.tunnel_lost = heal_begin;
	node_ask(&n, SETUP, "bridge_name");
	net_fake_drop(&n.fake, "tunnel ");
	n.fake.fail_at = n.fake.steps + 1; /* once */
	lose_tunnel(&n);
	until_healed(&n);
	CHECK(net_fake_has(&n.fake, "tunnel "));
	node_stop(&n);
}

static size_t lines_of(const char *path, const char *words)
{
	FILE *f = fopen(path, "re");
	char line[256];
	size_t n = 0;

	CHECK(f);
	while (fgets(line, sizeof(line), f))
		n += strstr(line, words) != NULL;
	fclose(f);
	return n;
}

/* The first try may come while the process is still dying: what is told is how the second ends. */
TEST(a_first_failure_is_not_told)
{
	static const char words[] = "can't be made again yet";
	char path[64];
	struct node n;

	node_start(&n);
	snprintf(path, sizeof(path), "%s/log", n.dir);
	n.daemon.log = log_new(LOG_WARN, LOG_TEXT);
	CHECK_INT(log_open_file(n.daemon.log, path), 0);
	n.daemon.tunnel_lost = heal_begin;
	node_ask(&n, SETUP, "bridge_name");
	n.fake.fail_at = n.fake.steps + 1;
	lose_tunnel(&n);
	while (n.daemon.chores->wait_ms == CHORE_FIRST_MS)
		uv_run(&n.loop, UV_RUN_ONCE);
	CHECK_INT(lines_of(path, words), 0);
	n.fake.fail_at = n.fake.steps + 1;
	until_healed(&n);
	CHECK_INT(lines_of(path, words), 1);
	log_free(n.daemon.log);
	unlink(path);
	node_stop(&n);
}

TEST(not_against_a_teardown)
{
	struct node n;

	node_start(&n);
	n.daemon.tunnel_lost = heal_begin;
	node_ask(&n, SETUP, "bridge_name");
	lose_tunnel(&n);
	node_ask(&n, TEARDOWN, "\"ok\"");
	until_healed(&n);
	CHECK(!net_fake_has(&n.fake, "tunnel "));
	CHECK(!node_has_channel(&n));
	node_stop(&n);
}

/* It has waited for a peer that is being changed, and others for it. */
TEST(nobody_waits_for_one_that_has_ended)
{
	struct node n;
	int first, second;

	node_start(&n);
	node_ask(&n, SETUP, "bridge_name");
	n.tunnel.hangs = true;
	node_send(&n, ADD_PEER("A"));
	node_turn(&n);
	heal_begin(&n.daemon, (struct ovd_view){ .p = NULL });
	node_turn(&n);
	first = n.fd;
	second = n.fd = node_connect(&n);
	node_send(&n, ADD_PEER("B"));
	node_turn(&n);
	CHECK(n.daemon.chores);
	chores_end(&n.daemon);
	node_wake(&n);
	node_hear(&n, "\"ok\"");
	n.fd = first;
	node_hear(&n, "\"ok\"");
	close(second);
	node_stop(&n);
}

TEST(each_tunnel_by_itself)
{
	struct node n;

	node_start(&n);
	n.daemon.tunnel_lost = heal_begin;
	node_ask(&n, SETUP, "bridge_name");
	node_ask(&n, DEDICATED, "service_overlay");
	CHECK(net_fake_drop(&n.fake, "tunnel zl-d-1-web-d"));
	CHECK(net_fake_drop(&n.fake, "tunnel zl-d-1-g"));
	lose_tunnel(&n);
	until_healed(&n);
	CHECK(net_fake_has(&n.fake, "tunnel zl-d-1-web-d"));
	CHECK(net_fake_has(&n.fake, "tunnel zl-d-1-g"));
	CHECK_INT(n.tunnel.n_opened, 4);
	node_stop(&n);
}
