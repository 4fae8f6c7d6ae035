/* The node's tunnel. */
#include "runtime/ip.h"
#include "runtime/key.h"
#include "tests/conformance/suite/server.h"

#define SETUP    "reference.md, setup_global_overlay"
#define TEARDOWN "reference.md, teardown_global_overlay"
#define STATUS   "reference.md, status"

#define UP                                                                                         \
	"{\"op\":\"setup_global_overlay\",\"deployment\":\"conform\",\"instance_id\":\"1\","       \
	"\"cluster_cidr\":\"10.200.0.0/16\",\"slice_cidr\":\"10.200.4.0/24\",\"wg_port\":0,"       \
	"\"host_adapter_mandatory\":false}"

#define NAME_MAX_ 15 /* of a link: IFNAMSIZ without its NUL */

void server_global_up(struct trial *t)
{
	trial_ask(t, UP);
	trial_want_or_skip(t, OVD_RESPONSE_BRIDGE_NAME);
}

static const struct ovd_status_snapshot *status(struct trial *t)
{
	trial_ask(t, "{\"op\":\"status\"}");
	return &trial_want(t, OVD_RESPONSE_STATUS)->status;
}

/* A text of an answer that must outlive it. */
struct kept {
	char text[128];
};

static struct kept keep(struct ovd_view text)
{
	struct kept kept = { "" };

	if (text.n < sizeof(kept.text))
		memcpy(kept.text, text.p ? text.p : "", text.n);
	return kept;
}

static bool same(struct ovd_view now, const struct kept *kept)
{
	return now.p && view_eq(now, view(kept->text));
}

static void twice(struct trial *t, const struct server_check *check _unused_)
{
	struct kept name;
	struct ovd_view now;

	trial_ask(t, UP);
	name = keep(trial_want_or_skip(t, OVD_RESPONSE_BRIDGE_NAME)->bridge_name.name);
	trial_ask(t, UP);
	now = trial_want(t, OVD_RESPONSE_BRIDGE_NAME)->bridge_name.name;
	trial_must(t, t->over || same(now, &name), "%s, then %.*s", name.text, VIEW(now));
	trial_must(t, t->over || (now.n > 0 && now.n <= NAME_MAX_), "no name of a link: %.*s",
		   VIEW(now));
}

static void in_status(struct trial *t, const struct server_check *check _unused_)
{
	const struct ovd_status_snapshot *s;
	struct ovd_cidr slice;
	struct kept name;

	trial_ask(t, UP);
	name = keep(trial_want_or_skip(t, OVD_RESPONSE_BRIDGE_NAME)->bridge_name.name);
	s = status(t);
	cidr_parse(VIEW_LITERAL("10.200.4.0/24"), &slice);
	trial_must(t, t->over || same(s->interface, &name), "interface is not %s: %.*s", name.text,
		   VIEW(t->body));
	trial_must(t, t->over || (s->has_node_ip && cidr_holds(&slice, &s->node_ip)),
		   "node_ip is not in the slice: %.*s", VIEW(t->body));
	trial_must(t, t->over || view_eq(s->overlay_cidr, VIEW_LITERAL("10.200.0.0/16")),
		   "overlay_cidr is another: %.*s", VIEW(t->body));
	trial_must(t, t->over || view_eq(s->slice_cidr, VIEW_LITERAL("10.200.4.0/24")),
		   "slice_cidr is another: %.*s", VIEW(t->body));
}

static void public_key(struct trial *t, const struct server_check *check _unused_)
{
	const struct ovd_status_snapshot *s;
	struct ovd_key key;
	struct kept text;

	server_global_up(t);
	s = status(t);
	trial_must(t, t->over || (s->public_key.p && key_parse(s->public_key, &key) == 0),
		   "public_key is no key in base64: %.*s", VIEW(t->body));
	text = keep(s->public_key);
	trial_ask(t, "{\"op\":\"teardown_global_overlay\"}");
	trial_want(t, OVD_RESPONSE_OK);
	server_global_up(t);
	s = status(t);
	trial_must(t, t->over || same(s->public_key, &text), "%s, then %.*s", text.text,
		   VIEW(s->public_key));
}

static void refused_changes_nothing(struct trial *t, const struct server_check *check _unused_)
{
	const struct ovd_status_snapshot *s;

	server_global_up(t);
	trial_ask(t,
		  "{\"op\":\"setup_global_overlay\",\"deployment\":\"other\",\"instance_id\":\"2\","
		  "\"cluster_cidr\":\"10.220.0.0/16\",\"slice_cidr\":\"10.221.4.0/"
		  "24\",\"wg_port\":0}");
	trial_want_err(t);
	s = status(t);
	trial_must(t, t->over || view_eq(s->slice_cidr, VIEW_LITERAL("10.200.4.0/24")),
		   "status says otherwise now: %.*s", VIEW(t->body));
}

static void down_twice(struct trial *t, const struct server_check *check _unused_)
{
	const struct ovd_status_snapshot *s;

	for (int i = 0; i < 2; i++) {
		trial_ask(t, "{\"op\":\"teardown_global_overlay\"}");
		trial_want(t, OVD_RESPONSE_OK);
	}
	s = status(t);
	trial_must(t, t->over || (!s->interface.p && !s->has_node_ip),
		   "interface and node_ip are there still: %.*s", VIEW(t->body));
}

static const struct server_check checks[] = {
	{ "op.setup_global_overlay.twice", "Asked again, the same answer: the name of a link.",
	  SETUP, .run = twice },
	{ "op.setup_global_overlay.status",
	  "status tells the interface, the node's address out of the "
	  "slice, and both ranges.",
	  SETUP, .run = in_status },
	{ "op.status.public-key",
	  "public_key is the node's, in base64, and stays when the tunnel is made "
	  "again.",
	  STATUS, .run = public_key },
	{ "op.setup_global_overlay.refused",
	  "A setup that is refused changes nothing of a live one.", "reference.md, err",
	  .run = refused_changes_nothing },
	{ "op.teardown_global_overlay.twice",
	  "ok also if there is no tunnel; interface and node_ip are "
	  "absent then.",
	  TEARDOWN, .run = down_twice },
};

const struct server_family server_global = { .checks = checks, .n = ARRAY_SIZE(checks) };
