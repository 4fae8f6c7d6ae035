#include "server/ops/parse.h"

#include <stdio.h>

#include "tests/check.h"
#include "tests/server/ops/node.h"

#define KEY "\"E4/lYYptdHfYB472s33Amoa7IDfTcdOZjR5odO75wH0=\""
#define SETUP(deployment, instance, cluster, slice)                                                \
	"{\"op\":\"setup_global_overlay\",\"deployment\":\"" deployment                            \
	"\",\"instance_id\":\"" instance "\",\"cluster_cidr\":\"" cluster                          \
	"\",\"slice_cidr\":\"" slice "\",\"wg_port\":1}"
#define PEER(key, endpoint, allowed, keepalive)                                                    \
	"{\"op\":\"add_peer\",\"public_key\":" key ",\"endpoint\":\"" endpoint                     \
	"\",\"allowed_ips\":\"" allowed "\",\"persistent_keepalive_secs\":" keepalive "}"

/* Each has one bad field; and how the message begins after its name. */
static const struct {
	const char *request, *field, *text;
} bad[] = {
	{ SETUP("", "i", "10.0.0.0/8", "10.1.0.0/16"), "deployment", "a name has 1 to 63 bytes" },
	{ SETUP("d", "", "10.0.0.0/8", "10.1.0.0/16"), "instance_id", "a name has 1 to 63 bytes" },
	{ SETUP("d", "i", "10.0.0.0", "10.1.0.0/16"), "cluster_cidr",
	  "\\\"10.0.0.0\\\" is not a prefix like 10.200.0.0/16 or fd00:200::/48" },
	{ SETUP("d", "i", "10.0.0.0/8", "10.1.0.0/33"), "slice_cidr",
	  "\\\"10.1.0.0/33\\\" has a prefix length above its family's" },
	{ PEER("\"AA==\"", "192.0.2.1:1", "", "0"), "public_key",
	  "\\\"AA==\\\" is not a key: 44 characters of base64" },
	{ PEER(KEY, "192.0.2.1", "", "0"), "endpoint",
	  "\\\"192.0.2.1\\\" has no port: expected host:port" },
	{ PEER(KEY, "192.0.2.1:0", "", "0"), "endpoint",
	  "\\\"192.0.2.1:0\\\" has no port from 1 to 65535" },
	{ PEER(KEY, "fd00::1:1", "", "0"), "endpoint",
	  "\\\"fd00::1:1\\\" needs brackets around its IPv6 address" },
	{ PEER(KEY, "a b:1", "", "0"), "endpoint",
	  "\\\"a b:1\\\" has no host: expected host:port, ip:port or [ipv6]:port" },
	{ PEER(KEY, "192.0.2.1:1", "10.0.0.0/8, x", "0"), "allowed_ips",
	  "\\\"x\\\" is not a prefix like 10.200.0.0/16 or fd00:200::/48" },
	{ PEER(KEY, "192.0.2.1:1", "", "65536"), "persistent_keepalive_secs",
	  "65536 is above 65535" },
	{ "{\"op\":\"set_local_wg_pubkey\",\"pubkey\":\"\"}", "pubkey",
	  "\\\"\\\" is not a key: 44 characters of base64" },
	{ "{\"op\":\"remove_peer\",\"pubkey\":\"x\"}", "pubkey",
	  "\\\"x\\\" is not a key: 44 characters of base64" },
	{ "{\"op\":\"add_allowed_ip\",\"pubkey\":" KEY ",\"cidr\":\"10.0.0.0/8/8\"}", "cidr",
	  "\\\"10.0.0.0/8/8\\\" is not a prefix like 10.200.0.0/16 or fd00:200::/48" },
};

TEST(a_refusal_names_its_field)
{
	struct node n;

	node_start(&n);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		char want[512];

		snprintf(want, sizeof(want),
			 "{\"result\":\"err\",\"message\":\"%s: %s\",\"code\":\"invalid\","
			 "\"field\":\"request.%s\"}",
			 bad[i].field, bad[i].text, bad[i].field);
		node_ask(&n, bad[i].request, want);
	}
	CHECK_INT(n.fake.steps, 0);
	node_stop(&n);
}

TEST(what_is_not_built)
{
	struct node n;

	node_start(&n);
	node_ask(&n, "{\"op\":\"nat_tick\"}",
		 "\"not built yet: nat_tick\",\"code\":\"not_built\"}");
	node_stop(&n);
}
