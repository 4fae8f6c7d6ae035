/* What is well-formed and refused for what it says; nothing of it needs any right. */
#include "tests/conformance/suite/server.h"

#define KEY "2hV9fOBkc3Dd8dNn5JxkYz0mQm1f0cXq7pZ9r3tUvWY="

/* It is an err with the row's code, and changes nothing. */
static void row(struct trial *t, const struct server_check *check)
{
	struct ovd_status_snapshot before, after;

	trial_ask(t, "{\"op\":\"status\"}");
	before = trial_want(t, OVD_RESPONSE_STATUS)->status;
	trial_ask(t, "%s", check->body);
	trial_want_code(t, check->code);
	trial_ask(t, "{\"op\":\"status\"}");
	after = trial_want(t, OVD_RESPONSE_STATUS)->status;
	trial_must(t,
		   t->over || (before.peer_count == after.peer_count &&
			       before.service_count == after.service_count &&
			       before.has_node_ip == after.has_node_ip),
		   "it was refused, and has changed what status says");
}

#define OP(name) "{\"op\":\"" name "\","
#define ROW_CODE(code_, what, op, says, rest)                                                      \
	{                                                                                          \
		"err." op "." what, says, "reference.md, " op,                                     \
			.run = row, .body = OP(op) rest "}", .code = code_                         \
	}
#define ROW(...) ROW_CODE("invalid", __VA_ARGS__)
#define PEER(key, endpoint, allowed, keepalive)                                                    \
	"\"public_key\":\"" key "\",\"endpoint\":\"" endpoint "\",\"allowed_ips\":\"" allowed      \
	"\",\"persistent_keepalive_secs\":" keepalive

static const struct server_check checks[] = {
	ROW("key", "set_local_wg_pubkey", "A text that is no key is refused.",
	    "\"pubkey\":\"no key\""),
	ROW("key", "add_peer", "A text that is no key is refused.",
	    PEER("no key", "192.0.2.1:51820", "10.200.9.0/24", "0")),
	ROW("endpoint", "add_peer", "An endpoint without a port is refused.",
	    PEER(KEY, "192.0.2.1", "10.200.9.0/24", "0")),
	ROW("endpoint-port", "add_peer", "Port 0 is refused.",
	    PEER(KEY, "192.0.2.1:0", "10.200.9.0/24", "0")),
	ROW("endpoint-brackets", "add_peer", "An IPv6 endpoint without brackets is refused.",
	    PEER(KEY, "fd00::1:51820", "10.200.9.0/24", "0")),
	ROW("allowed-ips", "add_peer", "A list with a text that is no prefix is refused.",
	    PEER(KEY, "192.0.2.1:51820", "10.200.9.0/24,nope", "0")),
	ROW("allowed-ips-length", "add_peer", "A prefix longer than its address is refused.",
	    PEER(KEY, "192.0.2.1:51820", "10.200.9.0/33", "0")),
	ROW("default-route", "add_peer",
	    "0.0.0.0/0, which would take all of the host's traffic, is refused.",
	    PEER(KEY, "192.0.2.1:51820", "0.0.0.0/0", "0")),
	ROW("keepalive", "add_peer", "A keepalive above 65535 seconds is refused.",
	    PEER(KEY, "192.0.2.1:51820", "10.200.9.0/24", "65536")),
	ROW("key", "remove_peer", "A text that is no key is refused.", "\"pubkey\":\"no key\""),
	ROW("cidr", "add_allowed_ip", "A text that is no prefix is refused.",
	    "\"pubkey\":\"" KEY "\",\"cidr\":\"nope\""),
	ROW_CODE(
		"not_found", "unknown-peer", "add_allowed_ip",
		"A peer that nobody has added is refused.",
		"\"pubkey\":\"AwAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\",\"cidr\":\"10.200.9.0/"
		"24\""),
	ROW("cidr", "remove_allowed_ip", "A text that is no prefix is refused.",
	    "\"pubkey\":\"" KEY "\",\"cidr\":\"nope\""),
	ROW("deployment", "setup_global_overlay", "An empty deployment is refused.",
	    "\"deployment\":\"\",\"instance_id\":\"i\",\"cluster_cidr\":\"10.200.0.0/"
	    "16\",\"wg_port\":0"),
	ROW("cluster", "setup_global_overlay", "A text that is no prefix is refused.",
	    "\"deployment\":\"d\",\"instance_id\":\"i\",\"cluster_cidr\":\"nope\",\"wg_port\":0"),
	ROW("slice", "setup_global_overlay", "A slice outside the cluster's range is refused.",
	    "\"deployment\":\"d\",\"instance_id\":\"i\",\"cluster_cidr\":\"10.200.0.0/16\","
	    "\"slice_cidr\":\"10.201.4.0/24\",\"wg_port\":0"),
	ROW("name", "setup_service_overlay", "An empty service is refused.",
	    "\"service\":\"\",\"mode\":\"auto\""),
	ROW_CODE("not_found", "no-process", "attach_container",
		 "A process that is not there is refused.",
		 "\"handle\":{\"platform\":\"linux_pid\",\"pid\":4194304},\"service\":\"s\",\"join_"
		 "global\":false"),
	ROW_CODE("not_found", "pid-zero", "attach_container", "pid 0 is refused.",
		 "\"handle\":{\"platform\":\"linux_pid\",\"pid\":0},\"service\":\"s\",\"join_"
		 "global\":"
		 "false"),
};

const struct server_family server_errors = { .checks = checks, .n = ARRAY_SIZE(checks) };
