#include "server/linux/nft.h"

#include <errno.h>
#include <linux/capability.h>
#include <nftables/libnftables.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include "tests/check.h"

/* A network namespace of its own with the firewall in it, and somebody else who changes it. */
struct world {
	struct nft *nft;
	struct nft_watch *watch;
	struct nft_ctx *other;
};

static void world_done(struct world *w)
{
	nft_watch_free(w->watch);
	nft_free(w->nft);
	nft_ctx_free(w->other);
}

static void other_does(struct world *w, const char *commands)
{
	if (nft_run_cmd_from_buffer(w->other, commands) != 0)
		check_fail(__FILE__, __LINE__, "%s: %s", commands, nft_ctx_get_error_buffer(w->other));
}

/* The caller frees it. */
static char *ruleset_text(struct world *w)
{
	other_does(w, "list ruleset\n");
	return strdup(nft_ctx_get_output_buffer(w->other));
}

static size_t count(const char *text, const char *what)
{
	size_t n = 0;

	for (; (text = strstr(text, what)); text += strlen(what))
		n++;
	return n;
}

static size_t count_in_ruleset(struct world *w, const char *what)
{
	_cleanup_(freep) char *text = ruleset_text(w);

	return count(text, what);
}

static void check_ruleset(struct world *w, const char *want)
{
	_cleanup_(freep) char *text = ruleset_text(w);

	CHECK_STR(text, want);
}

static void world_open(struct world *w)
{
	int r;

	if (unshare(CLONE_NEWNET) < 0 && unshare(CLONE_NEWUSER | CLONE_NEWNET) < 0)
		SKIP("no network namespace of one's own here: %s", strerror(errno));
	r = nft_new(&w->nft);
	if (r == -EPROTONOSUPPORT)
		SKIP("this kernel has no nf_tables");
	CHECK_INT(r, 0);
	CHECK_INT(nft_watch_new(w->nft, &w->watch), 0);
	w->other = nft_ctx_new(NFT_CTX_DEFAULT);
	CHECK(w->other && !nft_ctx_buffer_output(w->other) && !nft_ctx_buffer_error(w->other));
}

static void ensure(struct world *w)
{
	char detail[PLAN_DETAIL_MAX] = "";

	CHECK_INT(nft_ensure(w->nft, detail), 0);
	CHECK_STR(detail, "");
}

static void remove_all(struct world *w)
{
	char detail[PLAN_DETAIL_MAX] = "";

	CHECK_INT(nft_remove(w->nft, detail), 0);
	CHECK_STR(detail, "");
}

static struct ovd_cidr cidr(const char *text)
{
	struct ovd_cidr value;

	CHECK_INT(cidr_parse(view(text), &value), 0);
	return value;
}

static void add(struct world *w, const char *prefix, bool want_changed)
{
	const struct ovd_cidr c = cidr(prefix);
	bool changed = !want_changed;

	CHECK_INT(nft_prefix_add(w->nft, &c, &changed), 0);
	CHECK_INT(changed, want_changed);
}

static void delete(struct world *w, const char *prefix, bool want_changed)
{
	const struct ovd_cidr c = cidr(prefix);
	bool changed = !want_changed;

	CHECK_INT(nft_prefix_delete(w->nft, &c, &changed), 0);
	CHECK_INT(changed, want_changed);
}

static void refuses_to_add(struct world *w, const char *prefix, int want)
{
	const struct ovd_cidr c = cidr(prefix);
	bool changed = true;

	CHECK_INT(nft_prefix_add(w->nft, &c, &changed), want);
	CHECK_INT(changed, true);
}

/* ---- the table ---- */

TEST(ensure_again_changes_nothing)
{
	_cleanup_(world_done) struct world w = { .nft = NULL };
	_cleanup_(freep) char *first = NULL;

	world_open(&w);
	CHECK_INT(count_in_ruleset(&w, "table"), 0);
	ensure(&w);
	add(&w, "10.0.0.0/8", true);
	first = ruleset_text(&w);
	CHECK_INT(count(first, "table inet overlayd"), 1);
	CHECK_INT(count(first, "\" accept"), 2);
	CHECK_INT(count(first, "masquerade"), 2);
	ensure(&w);
	check_ruleset(&w, first);
	remove_all(&w);
	CHECK_INT(count_in_ruleset(&w, "table"), 0);
	remove_all(&w);
}

TEST(a_later_daemon_keeps_the_elements)
{
	_cleanup_(world_done) struct world w = { .nft = NULL };
	_cleanup_(freep) char *first = NULL;

	world_open(&w);
	ensure(&w);
	add(&w, "10.0.0.0/8", true);
	first = ruleset_text(&w);
	nft_watch_free(w.watch);
	nft_free(w.nft);
	CHECK_INT(nft_new(&w.nft), 0);
	CHECK_INT(nft_watch_new(w.nft, &w.watch), 0);
	other_does(&w, "insert rule inet overlayd forward drop\n");
	ensure(&w);
	check_ruleset(&w, first);
	add(&w, "10.0.0.0/8", false);
	remove_all(&w);
}

static const char *const damages[] = {
	"flush chain inet overlayd forward\n",
	"flush chain inet overlayd postrouting\n",
	"insert rule inet overlayd forward drop\n",
	"add rule inet overlayd postrouting accept\n",
	"flush table inet overlayd\n",
	"flush table inet overlayd\ndelete chain inet overlayd forward\n",
};

TEST(damage_is_seen_and_mended)
{
	_cleanup_(world_done) struct world w = { .nft = NULL };
	_cleanup_(freep) char *whole = NULL;

	world_open(&w);
	ensure(&w);
	add(&w, "10.0.0.0/8", true);
	whole = ruleset_text(&w);
	for (size_t i = 0; i < ARRAY_SIZE(damages); i++) {
		CASE("%s", damages[i]);
		CHECK(!nft_watch_read(w.watch));
		other_does(&w, damages[i]);
		CHECK(nft_watch_read(w.watch));
		ensure(&w);
		CHECK_INT(count_in_ruleset(&w, "zl-*\" accept"), 2);
		CHECK_INT(count_in_ruleset(&w, "drop"), 0);
		CHECK_INT(count_in_ruleset(&w, "masquerade"), 2);
		CHECK_INT(count_in_ruleset(&w, "10.0.0.0/8"), 1);
	}
	remove_all(&w);
	ensure(&w);
	add(&w, "10.0.0.0/8", true);
	check_ruleset(&w, whole);
	remove_all(&w);
}

TEST(a_table_that_is_taken_away)
{
	_cleanup_(world_done) struct world w = { .nft = NULL };

	world_open(&w);
	refuses_to_add(&w, "10.0.0.0/8", -ENOENT);
	ensure(&w);
	add(&w, "10.0.0.0/8", true);
	other_does(&w, "delete table inet overlayd\n");
	CHECK(nft_watch_read(w.watch));
	refuses_to_add(&w, "10.1.0.0/16", -ENOENT);
	delete(&w, "10.0.0.0/8", false);
	ensure(&w);
	add(&w, "10.0.0.0/8", true);
	other_does(&w, "flush ruleset\n");
	CHECK(nft_watch_read(w.watch));
	remove_all(&w);
	CHECK_INT(count_in_ruleset(&w, "table"), 0);
}

/* ---- elements ---- */

static const struct {
	const char *prefix;
	const char *listed;
} elements[] = {
	{ "10.0.0.0/8", "{ 10.0.0.0/8 }" },
	{ "10.1.2.3/24", "{ 10.1.2.0/24 }" },
	{ "10.200.3.192/26", "{ 10.200.3.192/26 }" },
	{ "10.255.255.254/31", "{ 10.255.255.254/31 }" },
	{ "10.1.2.3/32", "{ 10.1.2.3 }" },
	{ "0.0.0.0/0", "{ 0.0.0.0/0 }" },
	{ "0.0.0.0/1", "{ 0.0.0.0/1 }" },
	{ "128.0.0.0/1", "{ 128.0.0.0/1 }" },
	{ "0.0.0.0/32", "{ 0.0.0.0 }" },
	{ "255.255.255.0/24", "{ 255.255.255.0/24 }" },
	{ "255.255.255.255/32", "{ 255.255.255.255 }" },
	{ "fd00::/64", "{ fd00::/64 }" },
	{ "fd00::ff80/121", "{ fd00::ff80/121 }" },
	{ "fd00::ffff/128", "{ fd00::ffff }" },
	{ "::/0", "{ ::/0 }" },
	{ "::/1", "{ ::/1 }" },
	{ "::/128", "{ :: }" },
	{ "ff00::/8", "{ ff00::/8 }" },
	{ "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff/128",
	  "{ ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff }" },
};

TEST(elements_come_and_go)
{
	_cleanup_(world_done) struct world w = { .nft = NULL };
	_cleanup_(freep) char *empty = NULL;

	world_open(&w);
	ensure(&w);
	empty = ruleset_text(&w);
	for (size_t i = 0; i < ARRAY_SIZE(elements); i++) {
		CASE("%s", elements[i].prefix);
		delete(&w, elements[i].prefix, false);
		add(&w, elements[i].prefix, true);
		CHECK_INT(count_in_ruleset(&w, elements[i].listed), 1);
		add(&w, elements[i].prefix, false);
		CHECK_INT(count_in_ruleset(&w, elements[i].listed), 1);
		delete(&w, elements[i].prefix, true);
		check_ruleset(&w, empty);
		delete(&w, elements[i].prefix, false);
	}
	CHECK(!nft_watch_read(w.watch));
}

/* What libnftables wrote is the same to us, and the other way round. */
TEST(elements_are_those_of_nft)
{
	_cleanup_(world_done) struct world w = { .nft = NULL };

	world_open(&w);
	ensure(&w);
	for (size_t i = 0; i < ARRAY_SIZE(elements); i++) {
		_cleanup_(freep) char *theirs = NULL;
		char command[128], text[CIDR_TEXT_MAX];
		const struct ovd_cidr c = cidr(elements[i].prefix);
		int family = c.ip.len == 4 ? 4 : 6;

		CASE("%s", elements[i].prefix);
		snprintf(command, sizeof(command), "add element inet overlayd prefixes%d { %s }\n",
			 family, cidr_format(&c, text));
		other_does(&w, command);
		theirs = ruleset_text(&w);
		add(&w, elements[i].prefix, false);
		delete(&w, elements[i].prefix, true);
		add(&w, elements[i].prefix, true);
		check_ruleset(&w, theirs);
		snprintf(command, sizeof(command), "delete element inet overlayd prefixes%d { %s }\n",
			 family, text);
		other_does(&w, command);
		delete(&w, elements[i].prefix, false);
	}
}

TEST(neighbours)
{
	_cleanup_(world_done) struct world w = { .nft = NULL };

	world_open(&w);
	ensure(&w);
	add(&w, "10.0.1.0/24", true);
	add(&w, "10.0.0.0/24", true);
	add(&w, "10.0.2.0/23", true);
	add(&w, "10.0.4.0/32", true);
	add(&w, "fd00::/120", true);
	add(&w, "fd00::100/120", true);
	delete(&w, "10.0.1.0/24", true);
	delete(&w, "fd00::/120", true);
	CHECK_INT(count_in_ruleset(&w, "10.0.0.0/24, 10.0.2.0/23"), 1);
	CHECK_INT(count_in_ruleset(&w, "10.0.4.0"), 1);
	CHECK_INT(count_in_ruleset(&w, "10.0.1.0"), 0);
	CHECK_INT(count_in_ruleset(&w, "{ fd00::100/120 }"), 1);
	add(&w, "10.0.1.0/24", true);
	delete(&w, "10.0.0.0/24", true);
	delete(&w, "10.0.2.0/23", true);
	delete(&w, "10.0.4.0/32", true);
	CHECK_INT(count_in_ruleset(&w, "{ 10.0.1.0/24 }"), 1);
}

static const struct {
	const char *there, *overlaps;
} overlaps[] = {
	{ "10.0.0.0/8", "10.1.0.0/16" },  { "10.1.0.0/16", "10.0.0.0/8" },
	{ "10.0.0.0/8", "10.0.0.0/16" },  { "10.0.0.0/16", "10.0.0.0/8" },
	{ "10.0.0.0/8", "10.255.0.0/16" }, { "10.255.0.0/16", "10.0.0.0/8" },
	{ "fd00::/64", "fd00::/120" },    { "fd00::/120", "fd00::/64" },
};

TEST(an_overlap_is_an_error_and_changes_nothing)
{
	_cleanup_(world_done) struct world w = { .nft = NULL };

	world_open(&w);
	ensure(&w);
	for (size_t i = 0; i < ARRAY_SIZE(overlaps); i++) {
		CASE("%s with %s there", overlaps[i].overlaps, overlaps[i].there);
		add(&w, overlaps[i].there, true);
		refuses_to_add(&w, overlaps[i].overlaps, -EEXIST);
		delete(&w, overlaps[i].overlaps, false);
		CHECK_INT(count_in_ruleset(&w, overlaps[i].there), 1);
		delete(&w, overlaps[i].there, true);
	}
	add(&w, "10.0.0.0/16", true);
	add(&w, "10.255.0.0/16", true);
	refuses_to_add(&w, "10.0.0.0/8", -EEXIST);
}

TEST(many_elements)
{
	_cleanup_(world_done) struct world w = { .nft = NULL };
	char prefix[32];

	world_open(&w);
	ensure(&w);
	for (int i = 0; i < 500; i++) {
		snprintf(prefix, sizeof(prefix), "10.%d.%d.0/26", i / 250, i % 250);
		add(&w, prefix, true);
	}
	CHECK_INT(count_in_ruleset(&w, ".0/26"), 500);
	for (int i = 499; i >= 0; i--) {
		snprintf(prefix, sizeof(prefix), "10.%d.%d.0/26", i / 250, i % 250);
		delete(&w, prefix, true);
	}
	CHECK_INT(count_in_ruleset(&w, ".0/26"), 0);
}

TEST(who_may_not_is_told)
{
	_cleanup_(world_done) struct world w = { .nft = NULL };
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct none[2] = { { .effective = 0 } };
	const struct ovd_cidr c = cidr("10.0.0.0/8");
	bool changed = true;

	world_open(&w);
	ensure(&w);
	CHECK_INT(syscall(SYS_capset, &head, none), 0);
	refuses_to_add(&w, "10.0.0.0/8", -EPERM);
	CHECK_INT(nft_prefix_delete(w.nft, &c, &changed), -EPERM);
	CHECK_INT(changed, true);
}

/* ---- other people's chains ---- */

#define FORWARD(family)                                                                            \
	"table " family " filter {\n"                                                              \
	"	chain FORWARD {\n"                                                                 \
	"		type filter hook forward priority filter; policy drop;\n"                  \
	"		iifname \"zl-*\" accept\n"                                                 \
	"		oifname \"docker0\" accept comment \"overlayd or not\"\n"                  \
	"	}\n"                                                                               \
	"	chain INPUT {\n"                                                                   \
	"		iifname \"zl-*\" accept comment \"overlayd\"\n"                            \
	"	}\n"                                                                               \
	"}\n"

TEST(foreign_chains_get_two_rules_each)
{
	_cleanup_(world_done) struct world w = { .nft = NULL };
	_cleanup_(freep) char *before = NULL, *with_ours = NULL;

	world_open(&w);
	other_does(&w, FORWARD("ip") FORWARD("ip6"));
	before = ruleset_text(&w);
	for (int i = 0; i < 3; i++) {
		CASE("time %d", i);
		ensure(&w);
		CHECK_INT(count_in_ruleset(&w, "\tiifname \"zl-*\" accept comment \"overlayd\""), 4);
		CHECK_INT(count_in_ruleset(&w, "\toifname \"zl-*\" accept comment \"overlayd\""), 2);
	}
	with_ours = ruleset_text(&w);
	/* one is taken away: that one comes back */
	other_does(&w, "flush chain ip filter FORWARD\n"
		       "add rule ip filter FORWARD oifname \"zl-*\" accept comment \"overlayd\"\n");
	CHECK(nft_watch_read(w.watch));
	ensure(&w);
	CHECK_INT(count_in_ruleset(&w, "\tiifname \"zl-*\" accept comment \"overlayd\""), 4);
	CHECK_INT(count_in_ruleset(&w, "\toifname \"zl-*\" accept comment \"overlayd\""), 2);
	other_does(&w, "flush ruleset\n" FORWARD("ip") FORWARD("ip6"));
	ensure(&w);
	check_ruleset(&w, with_ours);
	remove_all(&w);
	check_ruleset(&w, before);
}

TEST(a_chain_that_comes_later)
{
	_cleanup_(world_done) struct world w = { .nft = NULL };

	world_open(&w);
	ensure(&w);
	add(&w, "10.0.0.0/8", true);
	CHECK(!nft_watch_read(w.watch));
	other_does(&w, FORWARD("ip"));
	CHECK(nft_watch_read(w.watch));
	CHECK(!nft_watch_read(w.watch));
	ensure(&w);
	CHECK(!nft_watch_read(w.watch));
	CHECK_INT(count_in_ruleset(&w, "\toifname \"zl-*\" accept comment \"overlayd\""), 1);
	other_does(&w, "add chain ip filter FORWARD { policy accept; }\n");
	CHECK(nft_watch_read(w.watch));
	remove_all(&w);
	CHECK(!nft_watch_read(w.watch));
}

/* ---- the watch ---- */

static const struct {
	const char *commands;
	bool concerns;
} events[] = {
	{ "add table inet other\n", false },
	{ "add chain inet other FORWARD\n", false },
	{ "add chain inet other overlayd\n", false },
	{ "add rule inet other FORWARD accept\n", false },
	{ "delete table inet other\n", false },
	{ "add table ip overlayd\nadd chain ip overlayd a\nadd rule ip overlayd a drop\n", false },
	{ "delete table ip overlayd\n", false },
	{ "add rule ip filter FORWARD accept\n", false },
	{ "add element inet overlayd prefixes4 { 192.0.2.0/24 }\n", false },
	{ "delete element inet overlayd prefixes4 { 192.0.2.0/24 }\n", true },
	{ "flush set inet overlayd prefixes4\n", true },
	{ "flush chain ip filter FORWARD\n", true },
	{ "flush ruleset\n", true },
};

TEST(watch_sees_what_concerns_us)
{
	_cleanup_(world_done) struct world w = { .nft = NULL };

	world_open(&w);
	other_does(&w, FORWARD("ip"));
	CHECK(nft_watch_read(w.watch));
	ensure(&w);
	add(&w, "10.0.0.0/8", true);
	for (size_t i = 0; i < ARRAY_SIZE(events); i++) {
		CASE("%s", events[i].commands);
		CHECK(!nft_watch_read(w.watch));
		other_does(&w, events[i].commands);
		CHECK_INT(nft_watch_read(w.watch), events[i].concerns);
	}
}

/* More than the socket holds: something may have concerned us. */
TEST(watch_that_missed_something)
{
	_cleanup_(world_done) struct world w = { .nft = NULL };
	const int least = 1;

	world_open(&w);
	CHECK_INT(setsockopt(nft_watch_fd(w.watch), SOL_SOCKET, SO_RCVBUF, &least, sizeof(least)), 0);
	for (int i = 0; i < 20; i++)
		other_does(&w, "add table inet other\nadd chain inet other a\n"
			       "delete table inet other\n");
	CHECK(nft_watch_read(w.watch));
	CHECK(!nft_watch_read(w.watch));
}
