#include "server/ops/change.h"

#include <stdio.h>

#include "tests/check.h"
#include "tests/server/ops/node.h"

#define SERVICE(name)                                                                              \
	"{\"op\":\"setup_service_overlay\",\"service\":\"" name "\",\"mode\":\"auto\"}"
#define PID(pid) "\"handle\":{\"platform\":\"linux_pid\",\"pid\":" pid "}"

/* Each of them changes something, in this order; and what its error begins with. */
static const struct {
	const char *request, *subject;
} changes[] = {
	{ "{\"op\":\"setup_global_overlay\",\"deployment\":\"d\",\"instance_id\":\"1\","
	  "\"cluster_cidr\":\"10.200.0.0/16\",\"wg_port\":0}",
	  "\"setup_global_overlay: " },
	{ SERVICE("web"), "\"service web: " },
	{ "{\"op\":\"attach_container\"," PID("5") ",\"service\":\"web\",\"join_global\":true}",
	  "\"attach pid 5: " },
	{ "{\"op\":\"detach_container\"," PID("5") "}", "\"detach pid 5: " },
	{ "{\"op\":\"teardown_service_overlay\",\"service\":\"web\"}", "\"service web: " },
	{ "{\"op\":\"teardown_global_overlay\"}", "\"teardown_global_overlay: " },
};

/* The step in turn fails: the answer says so, and the node is as it was; in the end all is well. */
TEST(every_step_of_every_change_fails_once)
{
	struct node n;

	node_start(&n);
	node_ask(&n, SERVICE("other"), "\"service_overlay\""); /* the firewall, once made, stays */
	for (size_t i = 0; i < ARRAY_SIZE(changes); i++) {
		bool failed = true;

		for (int step = 0; failed; step++) {
			char before[4096];

			CASE("%s, step %d", changes[i].request, step);
			snprintf(before, sizeof(before), "%s", net_fake_text(&n.fake));
			n.fake.steps = 0;
			n.fake.fail_at = step;
			failed = strstr(node_ask(&n, changes[i].request, "\"result\":"), "\"err\"");
			if (!failed) {
				CHECK(step > 0);
				break;
			}
			CHECK_INT(n.fake.steps, step + 1);
			if (i < 3) /* what is taken away halfway is not put back */
				CHECK_STR(net_fake_text(&n.fake), before);
			n.fake.steps = 0;
			node_ask(&n, changes[i].request, changes[i].subject);
		}
		n.fake.fail_at = -1;
		/* what is so already is no change: no step is run, but to look after links */
		n.fake.steps = 0;
		node_ask(&n, changes[i].request, "\"result\":");
		if (!strstr(changes[i].request, "\"setup_"))
			CHECK_INT(n.fake.steps, 0);
	}
	node_stop(&n);
}

/* What a handler reads of its request after it has waited is still there. */
TEST(requests_in_large_frames)
{
	static char request[128 * 1024];
	struct node n;

	node_start(&n);
	for (size_t i = 0; i < ARRAY_SIZE(changes); i++) {
		const char *answer;

		CASE("%s", changes[i].request);
		snprintf(request, sizeof(request), "%.*s,\"unknown\":\"%0100000d\"}",
			 (int)strlen(changes[i].request) - 1, changes[i].request, 0);
		answer = node_ask(&n, request, "\"result\":");
		CHECK(!strstr(answer, "\"err\""));
		if (i == 1)
			CHECK(strstr(answer, "\"name\":\"zl-"));
	}
	node_stop(&n);
}

TEST(a_refusal_is_in_the_engines_words)
{
	struct node n;

	node_start(&n);
	node_ask(&n,
		 "{\"op\":\"attach_container\"," PID(
			 "5") ",\"service\":\"web\",\"join_global\":false}",
		 "service web is not set up: setup_service_overlay comes first\","
		 "\"code\":\"not_found\"}");
	node_ask(&n, "{\"op\":\"allocate_ip\",\"service\":\"web\",\"join_global\":false}",
		 "neither service web nor the global overlay is set up");
	node_ask(&n, SERVICE(""), "a name has 1 to 63 bytes\",\"code\":\"invalid\"}");
	CHECK_INT(n.fake.steps, 0);
	node_stop(&n);
}

#define SETUP                                                                                      \
	"{\"op\":\"setup_global_overlay\",\"deployment\":\"d\",\"instance_id\":\"1\","             \
	"\"cluster_cidr\":\"10.200.0.0/16\",\"slice_cidr\":\"10.200.4.0/22\",\"wg_port\":0}"

static bool in_slice(struct node *n, const char *link)
{
	const char *at = strstr(net_fake_text(&n->fake), link);
	unsigned third = 0;

	CHECK(at);
	CHECK_INT(sscanf(at, "%*s 10.200.%u.", &third), 1);
	return third >= 4 && third < 8;
}

/* Services that were there before the node's slice was known. */
TEST(a_setup_of_the_tunnel_brings_services_into_its_slice)
{
	struct node n;

	node_start(&n);
	node_ask(&n, SERVICE("web"), "zl-web-b");
	node_ask(&n, SERVICE("db"), "zl-db-b");
	node_ask(&n, SERVICE("old"), "zl-old-b");
	node_ask(&n,
		 "{\"op\":\"attach_container\"," PID(
			 "5") ",\"service\":\"old\",\"join_global\":false}",
		 "\"attached\"");
	node_ask(&n, SETUP, "\"bridge_name\"");
	CHECK(in_slice(&n, "zl-web-b"));
	CHECK(in_slice(&n, "zl-db-b"));
	CHECK(!in_slice(&n, "zl-old-b"));
	node_ask(&n, SERVICE("old"), "zl-old-b");
	CHECK(!in_slice(&n, "zl-old-b"));
	node_ask(&n, "{\"op\":\"detach_container\"," PID("5") "}", "\"ok\"");
	node_ask(&n, SERVICE("old"), "zl-old-b");
	CHECK(in_slice(&n, "zl-old-b"));
	node_stop(&n);
}

/* The tunnel stands without them. */
TEST(a_service_that_cannot_move)
{
	static const int errors[] = { -ENOBUFS, -EBUSY, -EADDRINUSE };
	struct node n;

	for (size_t i = 0; i < ARRAY_SIZE(errors); i++) {
		CASE("%s", strerror(-errors[i]));
		node_start(&n);
		node_ask(&n, SERVICE("web"), "zl-web-b");
		n.fake.error = errors[i];
		n.fake.steps = 0;
		n.fake.fail_at = 5; /* three for the tunnel, then firewall, prefix, bridge */
		node_ask(&n, SETUP, "\"bridge_name\"");
		CHECK(strstr(net_fake_text(&n.fake), "tunnel zl-d-1-g 10.200.4.1/16"));
		CHECK_INT(in_slice(&n, "zl-web-b"), errors[i] == -EADDRINUSE);
		node_ask(&n, SERVICE("web"), "zl-web-b");
		CHECK_INT(in_slice(&n, "zl-web-b"), errors[i] != -EBUSY);
		node_stop(&n);
	}
}

/* A repeated setup of a service says no to nobody who was told yes before. */
TEST(a_service_whose_bridge_has_unknown_ports)
{
	struct node n;

	node_start(&n);
	node_ask(&n, SERVICE("web"), "zl-web-b");
	n.fake.error = -EBUSY;
	n.fake.steps = 0;
	n.fake.fail_at = 5;
	node_ask(&n, SETUP, "\"bridge_name\"");
	node_ask(&n, SERVICE("web"), "zl-web-b");
	n.fake.steps = 0;
	n.fake.fail_at = 2;
	node_ask(&n, SERVICE("web"), "zl-web-b");
	CHECK_INT(n.fake.steps, 6);
	CHECK(!in_slice(&n, "zl-web-b"));
	node_ask(&n, SERVICE("web"), "zl-web-b"); /* they have gone */
	CHECK(in_slice(&n, "zl-web-b"));
	node_stop(&n);
}
