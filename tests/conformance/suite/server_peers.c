/* Peers of the node's tunnel. */
#include <string.h>

#include "tests/conformance/suite/server.h"

#define ADD    "reference.md, add_peer"
#define STATUS "reference.md, status"

#define KEY   "2hV9fOBkc3Dd8dNn5JxkYz0mQm1f0cXq7pZ9r3tUvWY="
#define OTHER "AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="

static void want_ok(struct trial *t)
{
	trial_want(t, OVD_RESPONSE_OK);
}

static void add(struct trial *t, const char *key, const char *endpoint, const char *allowed,
		const char *more)
{
	trial_ask(t,
		  "{\"op\":\"add_peer\",\"public_key\":\"%s\",\"endpoint\":\"%s\",\"allowed_ips\":"
		  "\"%s\","
		  "\"persistent_keepalive_secs\":0%s}",
		  key, endpoint, allowed, more);
	want_ok(t);
}

static void forget(struct trial *t, const char *key)
{
	trial_ask(t, "{\"op\":\"remove_peer\",\"pubkey\":\"%s\",\"scope\":{\"scope\":\"global\"}}",
		  key);
	want_ok(t);
}

static void change(struct trial *t, const char *op, const char *key, const char *cidr)
{
	trial_ask(t, "{\"op\":\"%s\",\"pubkey\":\"%s\",\"cidr\":\"%s\"}", op, key, cidr);
	want_ok(t);
}

/* What status says of the peer; the check has failed and all is absent if it says nothing. */
static struct ovd_peer_status peer(struct trial *t, const char *key)
{
	const struct ovd_status_snapshot *s;

	trial_ask(t, "{\"op\":\"status\"}");
	s = &trial_want(t, OVD_RESPONSE_STATUS)->status;
	for (size_t i = 0; i < s->peers.n; i++)
		if (view_eq(s->peers.items[i].public_key, view(key)))
			return s->peers.items[i];
	trial_fail(t, "status has no peer %s: %.*s", key, (int)MIN(t->body.n, (size_t)400),
		   t->body.p);
	return (struct ovd_peer_status){ .endpoint = { .p = NULL } };
}

/* How often the prefix stands in the list. */
static size_t count_prefix(struct ovd_view list, const char *prefix)
{
	size_t n = 0;

	for (size_t i = 0, end; i < list.n; i = end + 1) {
		const char *comma = memchr(list.p + i, ',', list.n - i);

		end = comma ? (size_t)(comma - list.p) : list.n;
		while (i < end && list.p[i] == ' ')
			i++;
		n += view_eq((struct ovd_view){ list.p + i, end - i }, view(prefix));
	}
	return n;
}

static void must_have(struct trial *t, const char *key, const char *prefix, size_t times)
{
	struct ovd_peer_status p = peer(t, key);

	trial_must(t, t->over || count_prefix(p.allowed_ips, prefix) == times,
		   "%s must stand %zu times in %.*s", prefix, times, VIEW(p.allowed_ips));
}

static void begin(struct trial *t)
{
	server_global_up(t);
	forget(t, KEY);
	forget(t, OTHER);
}

static void unknown(struct trial *t, const struct server_check *check _unused_)
{
	forget(t, KEY);
	forget(t, KEY);
	change(t, "remove_allowed_ip", KEY, "10.200.9.0/24");
}

static void twice(struct trial *t, const struct server_check *check _unused_)
{
	uint32_t before;

	begin(t);
	trial_ask(t, "{\"op\":\"status\"}");
	before = trial_want(t, OVD_RESPONSE_STATUS)->status.peer_count;
	for (int i = 0; i < 3; i++)
		add(t, KEY, "192.0.2.1:51820", "10.200.9.0/24", "");
	must_have(t, KEY, "10.200.9.0/24", 1);
	trial_must(t, t->over || t->answer.response.response.status.peer_count == before + 1,
		   "peer_count is not %u: %.*s", before + 1, VIEW(t->body));
	forget(t, KEY);
}

static void replaces(struct trial *t, const struct server_check *check _unused_)
{
	struct ovd_peer_status p;

	begin(t);
	add(t, KEY, "192.0.2.1:51820", "10.200.9.0/24", "");
	add(t, KEY, "192.0.2.2:51821", "10.200.10.0/24", "");
	must_have(t, KEY, "10.200.9.0/24", 0);
	must_have(t, KEY, "10.200.10.0/24", 1);
	p = peer(t, KEY);
	trial_must(t, t->over || view_eq(p.endpoint, VIEW_LITERAL("192.0.2.2:51821")),
		   "the endpoint is %.*s", VIEW(p.endpoint));
	forget(t, KEY);
}

static void list(struct trial *t, const struct server_check *check _unused_)
{
	begin(t);
	add(t, KEY, "192.0.2.1:51820", "10.200.9.0/24, 10.200.10.0/24 ,10.200.11.5/32", "");
	must_have(t, KEY, "10.200.9.0/24", 1);
	must_have(t, KEY, "10.200.10.0/24", 1);
	must_have(t, KEY, "10.200.11.5/32", 1);
	forget(t, KEY);
}

static void host_name(struct trial *t, const struct server_check *check _unused_)
{
	begin(t);
	add(t, KEY, "peer.invalid:51820", "10.200.9.0/24", "");
	must_have(t, KEY, "10.200.9.0/24", 1);
	forget(t, KEY);
}

static void before_setup(struct trial *t, const struct server_check *check _unused_)
{
	begin(t);
	trial_ask(t, "{\"op\":\"teardown_global_overlay\"}");
	want_ok(t);
	add(t, KEY, "192.0.2.1:51820", "10.200.9.0/24", "");
	server_global_up(t);
	must_have(t, KEY, "10.200.9.0/24", 1);
	forget(t, KEY);
}

static void own_key(struct trial *t, const struct server_check *check _unused_)
{
	const struct ovd_status_snapshot *s;
	char key[64] = "";

	begin(t);
	trial_ask(t, "{\"op\":\"status\"}");
	s = &trial_want(t, OVD_RESPONSE_STATUS)->status;
	if (s->public_key.n < sizeof(key))
		memcpy(key, s->public_key.p ? s->public_key.p : "", s->public_key.n);
	trial_ask(t,
		  "{\"op\":\"add_peer\",\"public_key\":\"%s\",\"endpoint\":\"192.0.2.1:51820\","
		  "\"allowed_ips\":\"10.200.9.0/24\",\"persistent_keepalive_secs\":0}",
		  key);
	trial_want_err(t);
}

static void prefixes(struct trial *t, const struct server_check *check _unused_)
{
	begin(t);
	add(t, KEY, "192.0.2.1:51820", "10.200.9.0/24", "");
	for (int i = 0; i < 2; i++)
		change(t, "add_allowed_ip", KEY, "10.200.10.0/24");
	must_have(t, KEY, "10.200.10.0/24", 1);
	must_have(t, KEY, "10.200.9.0/24", 1);
	for (int i = 0; i < 2; i++)
		change(t, "remove_allowed_ip", KEY, "10.200.10.0/24");
	must_have(t, KEY, "10.200.10.0/24", 0);
	must_have(t, KEY, "10.200.9.0/24", 1);
	forget(t, KEY);
}

static void moves(struct trial *t, const struct server_check *check _unused_)
{
	begin(t);
	add(t, KEY, "192.0.2.1:51820", "10.200.9.0/24", "");
	add(t, OTHER, "192.0.2.2:51820", "", "");
	change(t, "add_allowed_ip", OTHER, "10.200.9.0/24");
	must_have(t, OTHER, "10.200.9.0/24", 1);
	must_have(t, KEY, "10.200.9.0/24", 0);
	forget(t, KEY);
	forget(t, OTHER);
}

static void removed(struct trial *t, const struct server_check *check _unused_)
{
	const struct ovd_status_snapshot *s;

	begin(t);
	add(t, KEY, "192.0.2.1:51820", "10.200.9.0/24", "");
	forget(t, KEY);
	forget(t, KEY);
	trial_ask(t, "{\"op\":\"status\"}");
	s = &trial_want(t, OVD_RESPONSE_STATUS)->status;
	for (size_t i = 0; i < s->peers.n; i++)
		trial_must(t, !view_eq(s->peers.items[i].public_key, VIEW_LITERAL(KEY)),
			   "it is there still: %.*s", VIEW(t->body));
}

static void never(struct trial *t, const struct server_check *check _unused_)
{
	struct ovd_peer_status p;

	begin(t);
	add(t, KEY, "192.0.2.1:51820", "10.200.9.0/24", "");
	p = peer(t, KEY);
	trial_must(t, p.last_handshake_unix_secs == 0, "last_handshake_unix_secs is %lld",
		   (long long)p.last_handshake_unix_secs);
	forget(t, KEY);
}

static void candidates(struct trial *t, const struct server_check *check _unused_)
{
	begin(t);
	add(t, KEY, "192.0.2.1:51820", "10.200.9.0/24",
	    ",\"candidates\":[{\"candidate_type\":\"host\",\"address\":\"192.168.1.5:51820\","
	    "\"priority\":100},"
	    "{\"candidate_type\":\"of another "
	    "kind\",\"address\":\"192.168.1.6:51820\",\"priority\":4294967295}]");
	trial_ask(t, "{\"op\":\"nat_tick\"}");
	trial_answer(t, t->id);
	must_have(t, KEY, "10.200.9.0/24", 1);
	forget(t, KEY);
}

static const struct server_check checks[] = {
	{ "op.remove_peer.unknown", "An unknown peer, or a prefix of one, is ok to remove.",
	  "reference.md, remove_peer", .run = unknown },
	{ "op.add_peer.twice", "Asked again, ok, and one peer.", ADD, .run = twice },
	{ "op.add_peer.replaces", "It replaces what was said of its key: prefixes and endpoint.",
	  ADD, .run = replaces },
	{ "op.add_peer.list", "allowed_ips is a list; blanks around its commas don't matter.", ADD,
	  .run = list },
	{ "op.add_peer.host-name", "An endpoint may be a host name, and is not waited for.", ADD,
	  .run = host_name },
	{ "op.add_peer.before-setup", "A peer is kept until the tunnel is there.", ADD,
	  .run = before_setup },
	{ "op.add_peer.own-key", "The node's own key is refused.", ADD, .run = own_key },
	{ "op.add_peer.candidates",
	  "A peer has candidates; those of other types are ignored; nat_tick "
	  "disturbs nobody.",
	  ADD, .run = candidates },
	{ "op.add_allowed_ip.twice",
	  "A prefix is added once and removed once, however often it is asked.",
	  "reference.md, add_allowed_ip", .run = prefixes },
	{ "op.add_allowed_ip.moves", "One peer has a prefix at a time, the last that was given it.",
	  "reference.md, add_allowed_ip", .run = moves },
	{ "op.remove_peer.twice", "Removed again, ok.", "reference.md, remove_peer",
	  .run = removed },
	{ "op.status.never",
	  "last_handshake_unix_secs is 0 for never; keys are as they were given.", STATUS,
	  .run = never },
};

const struct server_family server_peers = { .checks = checks, .n = ARRAY_SIZE(checks) };
