#include "server/linux/nft.h"

#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/check.h"
#include "tests/server/linux/nft_world.h"

/* ---- the table ---- */

TEST(ensure_again_changes_nothing)
{
	_cleanup_(world_done) struct world w = { .nft = NULL };
	_cleanup_(freep) char *first = NULL;

	world_open(&w);
	CHECK_INT(world_count_in_ruleset(&w, "table"), 0);
	world_ensure(&w);
	world_add(&w, "10.0.0.0/8", true);
	nft_ctx_output_set_flags(w.other, NFT_CTX_OUTPUT_HANDLE); /* new ones tell of a rewrite */
	first = world_ruleset_text(&w);
	CHECK_INT(count_of(first, "table inet overlayd"), 1);
	CHECK_INT(count_of(first, "\" accept"), 2);
	CHECK_INT(count_of(first, "masquerade"), 2);
	world_ensure(&w);
	world_check_ruleset(&w, first);
	world_remove(&w);
	CHECK_INT(world_count_in_ruleset(&w, "table"), 0);
	world_remove(&w);
}

/* After a daemon that died, of which some prefixes are others now. */
TEST(a_later_daemon_begins_anew)
{
	_cleanup_(world_done) struct world w = { .nft = NULL };
	_cleanup_(freep) char *first = NULL;

	world_open(&w);
	world_ensure(&w);
	first = world_ruleset_text(&w);
	world_add(&w, "10.0.0.0/8", true);
	world_add(&w, "fd00::/64", true);
	nft_watch_free(w.watch);
	nft_free(w.nft);
	CHECK_INT(nft_new(&w.nft), 0);
	CHECK_INT(nft_watch_new(w.nft, &w.watch), 0);
	world_other_does(&w, "insert rule inet overlayd forward drop\n"
			     "add set inet overlayd more { type mark; }\n");
	world_ensure(&w);
	world_check_ruleset(&w, first);
	world_add(&w, "10.0.0.0/16", true);
	world_ensure(&w);
	world_add(&w, "10.0.0.0/16", false);
	world_remove(&w);
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
	world_ensure(&w);
	world_add(&w, "10.0.0.0/8", true);
	whole = world_ruleset_text(&w);
	for (size_t i = 0; i < ARRAY_SIZE(damages); i++) {
		CASE("%s", damages[i]);
		CHECK(!nft_watch_read(w.watch));
		world_other_does(&w, damages[i]);
		CHECK(nft_watch_read(w.watch));
		world_ensure(&w);
		CHECK_INT(world_count_in_ruleset(&w, "zl-*\" accept"), 2);
		CHECK_INT(world_count_in_ruleset(&w, "drop"), 0);
		CHECK_INT(world_count_in_ruleset(&w, "masquerade"), 2);
		CHECK_INT(world_count_in_ruleset(&w, "10.0.0.0/8"), 1);
	}
	world_remove(&w);
	world_ensure(&w);
	world_add(&w, "10.0.0.0/8", true);
	world_check_ruleset(&w, whole);
	world_remove(&w);
}

TEST(a_table_that_is_taken_away)
{
	_cleanup_(world_done) struct world w = { .nft = NULL };

	world_open(&w);
	world_refuses(&w, "10.0.0.0/8", -ENOENT);
	world_ensure(&w);
	world_add(&w, "10.0.0.0/8", true);
	world_other_does(&w, "delete table inet overlayd\n");
	CHECK(nft_watch_read(w.watch));
	world_refuses(&w, "10.1.0.0/16", -ENOENT);
	world_delete(&w, "10.0.0.0/8", false);
	world_ensure(&w);
	world_add(&w, "10.0.0.0/8", true);
	world_other_does(&w, "flush ruleset\n");
	CHECK(nft_watch_read(w.watch));
	world_remove(&w);
	CHECK_INT(world_count_in_ruleset(&w, "table"), 0);
}

/* ---- other people's chains ---- */

#define FORWARD(family)                                                                            \
	"table " family " filter {\n"                                                              \
	"	chain FORWARD {\n"                                                                       \
	"		type filter hook forward priority filter; policy drop;\n"                               \
	"		iifname \"zl-*\" accept\n"                                                              \
	"		oifname \"docker0\" accept comment \"overlayd or not\"\n"                               \
	"	}\n"                                                                                     \
	"	chain INPUT {\n"                                                                         \
	"		iifname \"zl-*\" accept comment \"overlayd\"\n"                                         \
	"	}\n"                                                                                     \
	"}\n"

TEST(foreign_chains_get_two_rules_each)
{
	_cleanup_(world_done) struct world w = { .nft = NULL };
	_cleanup_(freep) char *before = NULL, *with_ours = NULL;

	world_open(&w);
	world_other_does(&w, FORWARD("ip") FORWARD("ip6"));
	before = world_ruleset_text(&w);
	for (int i = 0; i < 3; i++) {
		CASE("time %d", i);
		world_ensure(&w);
		CHECK_INT(world_count_in_ruleset(&w,
						 "\tiifname \"zl-*\" accept comment \"overlayd\""),
			  4);
		CHECK_INT(world_count_in_ruleset(&w,
						 "\toifname \"zl-*\" accept comment \"overlayd\""),
			  2);
	}
	with_ours = world_ruleset_text(&w);
	/* one is taken away: that one comes back */
	world_other_does(
		&w, "flush chain ip filter FORWARD\n"
		    "add rule ip filter FORWARD oifname \"zl-*\" accept comment \"overlayd\"\n");
	CHECK(nft_watch_read(w.watch));
	world_ensure(&w);
	CHECK_INT(world_count_in_ruleset(&w, "\tiifname \"zl-*\" accept comment \"overlayd\""), 4);
	CHECK_INT(world_count_in_ruleset(&w, "\toifname \"zl-*\" accept comment \"overlayd\""), 2);
	world_other_does(&w, "flush ruleset\n" FORWARD("ip") FORWARD("ip6"));
	world_ensure(&w);
	world_check_ruleset(&w, with_ours);
	world_remove(&w);
	world_check_ruleset(&w, before);
}

static int run(const char *commands)
{
	pid_t pid = fork();
	int status = -1;

	if (pid == 0) {
		execl("/bin/sh", "sh", "-c", commands, (char *)NULL);
		_exit(127);
	}
	waitpid(pid, &status, 0);
	return status;
}

/* iptables writes a comment in a way of its own. */
TEST(rules_that_iptables_restored_are_known)
{
	_cleanup_(world_done) struct world w = { .nft = NULL };

	if (geteuid() != 0)
		SKIP("iptables wants root");
	world_open(&w);
	if (run("PATH=$PATH:/usr/sbin:/sbin; exec >/dev/null 2>&1; iptables -V | grep nf_tables && "
		"iptables -P FORWARD DROP") != 0)
		SKIP("no iptables that uses nf_tables here");
	world_ensure(&w);
	CHECK_INT(run("PATH=$PATH:/usr/sbin:/sbin; iptables-save | iptables-restore"), 0);
	CHECK_INT(world_count_in_ruleset(&w, "\toifname \"zl-*\""), 2);
	CHECK(nft_watch_read(w.watch));
	world_ensure(&w);
	CHECK_INT(world_count_in_ruleset(&w, "\tiifname \"zl-*\""), 2);
	CHECK_INT(world_count_in_ruleset(&w, "\toifname \"zl-*\""), 2);
	world_remove(&w);
	CHECK_INT(world_count_in_ruleset(&w, "zl-*"), 0);
}

TEST(a_chain_that_comes_later)
{
	_cleanup_(world_done) struct world w = { .nft = NULL };

	world_open(&w);
	world_ensure(&w);
	world_add(&w, "10.0.0.0/8", true);
	CHECK(!nft_watch_read(w.watch));
	world_other_does(&w, FORWARD("ip"));
	CHECK(nft_watch_read(w.watch));
	CHECK(!nft_watch_read(w.watch));
	world_ensure(&w);
	CHECK(!nft_watch_read(w.watch));
	CHECK_INT(world_count_in_ruleset(&w, "\toifname \"zl-*\" accept comment \"overlayd\""), 1);
	world_other_does(&w, "add chain ip filter FORWARD { policy accept; }\n");
	CHECK(nft_watch_read(w.watch));
	world_remove(&w);
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
	world_other_does(&w, FORWARD("ip"));
	CHECK(nft_watch_read(w.watch));
	world_ensure(&w);
	world_add(&w, "10.0.0.0/8", true);
	for (size_t i = 0; i < ARRAY_SIZE(events); i++) {
		CASE("%s", events[i].commands);
		CHECK(!nft_watch_read(w.watch));
		world_other_does(&w, events[i].commands);
		CHECK_INT(nft_watch_read(w.watch), events[i].concerns);
	}
}

/* More than the socket holds: something may have concerned us. */
TEST(watch_that_missed_something)
{
	_cleanup_(world_done) struct world w = { .nft = NULL };
	const int least = 1;

	world_open(&w);
	CHECK_INT(setsockopt(nft_watch_fd(w.watch), SOL_SOCKET, SO_RCVBUF, &least, sizeof(least)),
		  0);
	for (int i = 0; i < 20; i++)
		world_other_does(&w, "add table inet other\nadd chain inet other a\n"
				     "delete table inet other\n");
	CHECK(nft_watch_read(w.watch));
	CHECK(!nft_watch_read(w.watch));
}
