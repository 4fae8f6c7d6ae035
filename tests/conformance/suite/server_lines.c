/* The request forms of each line of the contract, on one daemon. */
#include <stdio.h>
#include <string.h>

#include "tests/conformance/suite/server.h"
#include "tests/conformance/suite/vector.h"

#define LINES "protocol-rules.md, Several lines of the contract at once"
#define SETUP                                                                                      \
	"{\"op\":\"setup_global_overlay\",\"deployment\":\"conform\",\"instance_id\":\"1\","       \
	"\"cluster_cidr\":\"10.200.0.0/16\",\"slice_cidr\":\"10.200.4.0/24\",\"wg_port\":0"

/* The row's request is answered as its bits say, after a setup like all others. */
static void row(struct trial *t, const struct server_check *check)
{
	enum ovd_response_kind kind = (enum ovd_response_kind)__builtin_ctz(check->answers);

	trial_ask(t, "%s", check->body);
	trial_want_or_skip(t, kind);
}

/* ---- every request of a line's vectors ---- */

/* What a line's clients expect as the answer to each; all else is ok. */
static const struct {
	const char *op;
	uint32_t answers;
} expected[] = {
	{ "setup_global_overlay", ANSWER(BRIDGE_NAME) },
	{ "setup_service_overlay", ANSWER(SERVICE_OVERLAY) },
	{ "allocate_ip", ANSWER(IP) },
	{ "attach_container", ANSWER(ATTACHED) | ANSWER(GUEST_CONFIG) },
	{ "prune_orphan_bridges", ANSWER(PRUNED_BRIDGES) },
	{ "status", ANSWER(STATUS) },
	{ "nat_status", ANSWER(NAT_STATUS) },
	{ "mint_edge_peer", ANSWER(EDGE_CONFIG) },
	{ "list_edge_peers", ANSWER(EDGE_PEERS) },
};

static uint32_t answers_to(struct ovd_view name)
{
	struct ovd_view op = { name.p, strcspn(name.p, ".=") };

	for (size_t i = 0; i < ARRAY_SIZE(expected); i++)
		if (view_eq(op, view(expected[i].op)))
			return expected[i].answers;
	return ANSWER(OK);
}

/* Those that end the daemon, or that name a process which may be somebody's, are left out. */
static bool harmless(const struct vector *vector)
{
	return view_eq(vector->type, VIEW_LITERAL("request")) &&
	       !view_eq(vector->name, VIEW_LITERAL("shutdown")) &&
	       !memmem(vector->body.p, vector->body.n, "\"linux_pid\"", 11);
}

/* Takes back what an answer gave, so that the next check finds the daemon as this one did. */
static void take_back(struct trial *t, const struct vector *vector,
		      const struct ovd_response *response)
{
	struct ovd_view service = { memmem(vector->body.p, vector->body.n, "\"service\":", 10), 0 };
	const char *end = memmem(vector->body.p, vector->body.n, ",\"mode\":", 8);
	char text[IP_TEXT_MAX];

	if (!t->over && response->kind == OVD_RESPONSE_IP) {
		trial_ask(t, "{\"op\":\"release_ip\",\"ip\":\"%s\"}",
			  ip_format(&response->ip.ip, text));
		trial_want(t, OVD_RESPONSE_OK);
	} else if (!t->over && response->kind == OVD_RESPONSE_SERVICE_OVERLAY && service.p && end) {
		service.n = (size_t)(end - service.p);
		trial_ask(t, "{\"op\":\"teardown_service_overlay\",%.*s}", VIEW(service));
		trial_want(t, OVD_RESPONSE_OK);
	}
}

static int ask_vector(void *arg, const struct vector *vector)
{
	const struct ovd_response *response;
	struct trial *t = arg;

	if (!harmless(vector) || t->over)
		return 0;
	trial_ask(t, "%.*s", VIEW(vector->body));
	response = trial_answer(t, t->id);
	trial_must(t, t->over || (answers_to(vector->name) | ANSWER(ERR)) >> response->kind & 1,
		   "%s: answered %s", vector->name.p, trial_kind(response));
	trial_must(t,
		   response->kind != OVD_RESPONSE_SERVICE_OVERLAY ||
			   response->service_overlay.mode != OVD_OVERLAY_MODE_ISOLATED,
		   "%s: answered with a mode that 0.12 doesn't know", vector->name.p);
	take_back(t, vector, response);
	return 0;
}

/* The row's text is the line. */
static void all(struct trial *t, const struct server_check *check)
{
	char path[4096];
	int r;

	if (!t->vectors) {
		trial_skip(t, "there are no vectors: --vectors");
		return;
	}
	snprintf(path, sizeof(path), "%s/contract-%s.jsonl", t->vectors, check->body);
	r = vectors_each(path, ask_vector, t);
	if (r < 0)
		trial_skip(t, "%s: %s", path, strerror(-r));
	trial_ask(t, "{\"op\":\"teardown_global_overlay\"}");
	trial_want(t, OVD_RESPONSE_OK);
}

/* A life as a client of 0.12 leads it. */
static void mode_of_0_12(struct trial *t, const struct server_check *check _unused_)
{
	trial_ask(t, SETUP ",\"nat_enabled\":false}");
	trial_want_or_skip(t, OVD_RESPONSE_BRIDGE_NAME);
	trial_ask(t, "{\"op\":\"setup_service_overlay\",\"service\":\"conform-line\",\"mode\":"
		     "\"shared\"}");
	trial_want_or_skip(t, OVD_RESPONSE_SERVICE_OVERLAY);
	trial_ask(
		t,
		"{\"op\":\"attach_container\",\"handle\":{\"platform\":\"linux_pid\",\"pid\":"
		"4194304},"
		"\"service\":\"conform-line\",\"join_global\":true,\"dns_server\":\"10.200.4.1\"}");
	trial_want_err(
		t); /* there is no such process; that it could be read is seen by the field */
	trial_must(t, !memmem(t->body.p, t->body.n, "ephemeral", 9), "%.*s", VIEW(t->body));
	trial_ask(t, "{\"op\":\"teardown_service_overlay\",\"service\":\"conform-line\"}");
	trial_want(t, OVD_RESPONSE_OK);
}

#define ROW(id, says, answers_, text)                                                              \
	{                                                                                          \
		"line." id, says, LINES, .run = row, .body = text, .answers = ANSWER(answers_)     \
	}
#define PEER                                                                                       \
	"{\"op\":\"add_peer\",\"public_key\":\"2hV9fOBkc3Dd8dNn5JxkYz0mQm1f0cXq7pZ9r3tUvWY=\","    \
	"\"endpoint\":\"203.0.113.7:51820\",\"allowed_ips\":\"10.200.9.0/24\","                    \
	"\"persistent_keepalive_secs\":25"
#define NAT                                                                                        \
	",\"host_adapter_mandatory\":false,\"nat\":{\"enabled\":false,\"stun_servers\":[],"        \
	"\"turn_servers\":[],\"hole_punch_timeout_secs\":15,\"stun_refresh_interval_secs\":60,"    \
	"\"max_candidate_pairs\":10}"

static const struct server_check checks[] = {
	ROW("0.12.setup-nat-off", "setup_global_overlay with nat_enabled false, as 0.12 sends it.",
	    BRIDGE_NAME, SETUP ",\"nat_enabled\":false}"),
	ROW("0.12.setup-nat-on", "setup_global_overlay with nat_enabled true, as 0.12 sends it.",
	    BRIDGE_NAME, SETUP ",\"nat_enabled\":true}"),
	{ "line.0.12.service",
	  "A client of 0.12 sets up a service of mode shared and attaches without "
	  "ephemeral.",
	  LINES, .run = mode_of_0_12 },
	ROW("0.12.peer", "add_peer without candidates and scope, as 0.12 may send it.", OK,
	    PEER "}"),
	ROW("0.13.setup", "setup_global_overlay with nat, as 0.13 and 0.14 send it.", BRIDGE_NAME,
	    SETUP NAT "}"),
	ROW("0.13.setup-empty-nat", "nat may be empty.", BRIDGE_NAME, SETUP ",\"nat\":{}}"),
	ROW("0.13.setup-null", "slice_cidr and nat may be null, or missing.", BRIDGE_NAME,
	    "{\"op\":\"setup_global_overlay\",\"deployment\":\"conform\",\"instance_id\":\"1\","
	    "\"cluster_cidr\":\"10.200.0.0/16\",\"slice_cidr\":\"10.200.4.0/"
	    "24\",\"wg_port\":0,\"nat\":null}"),
	ROW("0.13.peer", "add_peer with candidates and scope, as 0.13 and 0.14 send it.", OK,
	    PEER ",\"candidates\":[{\"candidate_type\":\"host\",\"address\":\"192.168.1.5:51820\","
		 "\"priority\":100}],\"scope\":{\"scope\":\"global\"}}"),
	ROW("0.13.prune", "prune_orphan_bridges, new in 0.13.", PRUNED_BRIDGES,
	    "{\"op\":\"prune_orphan_bridges\",\"live_bridge_names\":[]}"),
	ROW("0.13.nat-status", "nat_status, new in 0.13.", NAT_STATUS, "{\"op\":\"nat_status\"}"),
	ROW("0.14.list-edge-peers", "list_edge_peers, new in 0.14.", EDGE_PEERS,
	    "{\"op\":\"list_edge_peers\"}"),
	ROW("0.14.revoke-edge-peer", "revoke_edge_peer, new in 0.14; an unknown name is ok.", OK,
	    "{\"op\":\"revoke_edge_peer\",\"name\":\"conform-nobody\"}"),
	ROW("unknown.setup",
	    "nat_enabled beside nat, as a client sends it that doesn't know the daemon.",
	    BRIDGE_NAME, SETUP NAT ",\"nat_enabled\":true}"),
	{ "line.0.12.all",
	  "Every request of 0.12's vectors has one answer, which its clients can read.", LINES,
	  .run = all, .body = "0.12" },
	{ "line.0.13.all",
	  "Every request of 0.13's vectors has one answer, which its clients can read.", LINES,
	  .run = all, .body = "0.13" },
	{ "line.0.14.all",
	  "Every request of 0.14's vectors has one answer, which its clients can read.", LINES,
	  .run = all, .body = "0.14" },
};

const struct server_family server_lines = { .checks = checks, .n = ARRAY_SIZE(checks) };
