/* Each operation's answer: one of those that the contract has for it, or err. */
#include "tests/conformance/suite/server.h"

static void row(struct trial *t, const struct server_check *check)
{
	const struct ovd_response *response;

	trial_ask(t, "%s", check->body);
	response = trial_answer(t, t->id);
	trial_must(t, t->over || (check->answers | ANSWER(ERR)) >> response->kind & 1,
		   "answered %s: %.*s", trial_kind(response), (int)MIN(t->body.n, (size_t)300),
		   t->body.p);
	trial_want_alive(t);
}

#define KEY "\"2hV9fOBkc3Dd8dNn5JxkYz0mQm1f0cXq7pZ9r3tUvWY=\""
#define ROW(op, kinds, says, rest)                                                                 \
	{                                                                                          \
		"op." op ".shape", says, "reference.md, " op,                                      \
			.run = row, .body = "{\"op\":\"" op "\"" rest "}", .answers = (kinds)      \
	}
#define OK_OR_ERR "The answer is ok or err, whole and readable."

static const struct server_check checks[] = {
	ROW("set_local_node_id", ANSWER(OK), OK_OR_ERR, ",\"node_id\":7"),
	ROW("set_local_wg_pubkey", ANSWER(OK), OK_OR_ERR, ",\"pubkey\":" KEY),
	ROW("setup_global_overlay", ANSWER(BRIDGE_NAME),
	    "The answer is bridge_name or err, whole and readable.",
	    ",\"deployment\":\"conform\",\"instance_id\":\"1\",\"cluster_cidr\":\"10.200.0.0/16\","
	    "\"slice_cidr\":\"10.200.4.0/24\",\"wg_port\":0,\"host_adapter_mandatory\":false"),
	ROW("setup_service_overlay", ANSWER(SERVICE_OVERLAY),
	    "The answer is service_overlay or err, whole and readable.",
	    ",\"service\":\"conform-shape\",\"mode\":\"auto\""),
	ROW("allocate_ip", ANSWER(IP), "The answer is ip or err, whole and readable.",
	    ",\"service\":\"conform-shape\",\"join_global\":false"),
	ROW("release_ip", ANSWER(OK), OK_OR_ERR, ",\"ip\":\"10.200.4.200\""),
	ROW("attach_container", ANSWER(ATTACHED) | ANSWER(GUEST_CONFIG),
	    "The answer is attached, guest_config or err, whole and readable.",
	    ",\"handle\":{\"platform\":\"guest_managed\",\"id\":\"conform\"},\"service\":\"conform-"
	    "shape\",\"join_global\":true,\"ephemeral\":false"),
	ROW("detach_container", ANSWER(OK), OK_OR_ERR,
	    ",\"handle\":{\"platform\":\"guest_managed\",\"id\":\"conform\"}"),
	ROW("teardown_service_overlay", ANSWER(OK), OK_OR_ERR, ",\"service\":\"conform-shape\""),
	ROW("add_peer", ANSWER(OK), OK_OR_ERR,
	    ",\"public_key\":" KEY ",\"endpoint\":\"192.0.2.1:51820\",\"allowed_ips\":\"10.200.9.0/"
	    "24\",\"persistent_keepalive_secs\":25,\"scope\":{\"scope\":\"global\"}"),
	ROW("remove_peer", ANSWER(OK), OK_OR_ERR,
	    ",\"pubkey\":" KEY ",\"scope\":{\"scope\":\"global\"}"),
	ROW("add_allowed_ip", ANSWER(OK), OK_OR_ERR,
	    ",\"pubkey\":" KEY ",\"cidr\":\"10.200.10.0/24\",\"scope\":{\"scope\":\"global\"}"),
	ROW("remove_allowed_ip", ANSWER(OK), OK_OR_ERR,
	    ",\"pubkey\":" KEY ",\"cidr\":\"10.200.10.0/24\",\"scope\":{\"scope\":\"global\"}"),
	ROW("mint_edge_peer", ANSWER(EDGE_CONFIG),
	    "The answer is edge_config or err, whole and readable.",
	    ",\"name\":\"conform\",\"ttl_secs\":600,\"node_endpoint\":\"203.0.113.7:51820\""),
	ROW("list_edge_peers", ANSWER(EDGE_PEERS),
	    "The answer is edge_peers or err, whole and readable.", ""),
	ROW("revoke_edge_peer", ANSWER(OK), OK_OR_ERR, ",\"name\":\"conform\""),
	ROW("register_dns", ANSWER(OK), OK_OR_ERR, ",\"name\":\"conform\",\"ip\":\"10.200.4.9\""),
	ROW("unregister_dns", ANSWER(OK), OK_OR_ERR, ",\"name\":\"conform\""),
	ROW("write_scoped_resolver", ANSWER(OK), OK_OR_ERR,
	    ",\"zone\":\"conform.test\",\"node_ip\":\"10.200.4.1\",\"port\":53"),
	ROW("remove_scoped_resolver", ANSWER(OK), OK_OR_ERR, ",\"zone\":\"conform.test\""),
	ROW("prune_orphan_bridges", ANSWER(PRUNED_BRIDGES),
	    "The answer is pruned_bridges or err, whole and readable.",
	    ",\"live_bridge_names\":[\"zl-conform-b\"]"),
	ROW("status", ANSWER(STATUS), "The answer is status or err, whole and readable.", ""),
	ROW("nat_tick", ANSWER(OK), OK_OR_ERR, ""),
	ROW("nat_status", ANSWER(NAT_STATUS),
	    "The answer is nat_status or err, whole and readable.", ""),
	ROW("teardown_global_overlay", ANSWER(OK), OK_OR_ERR, ""),
	ROW("hello", ANSWER(SERVER_INFO),
	    "The answer is server_info, or err from a daemon that doesn't know it.",
	    ",\"client\":\"overlay-conform\""),
	ROW("describe", ANSWER(DESCRIPTION),
	    "The answer is description, or err from a daemon that doesn't know it.", ""),
};

const struct server_family server_shapes = { .checks = checks, .n = ARRAY_SIZE(checks) };
