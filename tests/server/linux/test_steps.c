#include "tests/server/linux/host.h"

static struct linux_net *with_firewall(void)
{
	const struct linux_options options = { .control_dir = WG_CONTROL_DIR, .firewall = true };
	struct linux_net *l;
	struct net *net;

	host_enter();
	CHECK_INT(linux_net_new(&options, &net), 0);
	l = net->platform;
	if (!l->nft)
		SKIP("this kernel has no nf_tables");
	return l;
}

TEST(a_prefix_that_overlaps_says_so)
{
	struct step rules = { .kind = STEP_FIREWALL }, wide = { .kind = STEP_PREFIX },
		    narrow = { .kind = STEP_PREFIX };
	char detail[PLAN_DETAIL_MAX] = "";
	struct linux_net *l = with_firewall();

	wide.prefix.cidr = cidr_of("10.200.4.0/24");
	narrow.prefix.cidr = cidr_of("10.200.4.0/27");
	CHECK_INT(linux_steps[STEP_FIREWALL].run(l, &rules, detail), 0);
	CHECK_INT(linux_steps[STEP_PREFIX].run(l, &wide, detail), 0);
	CHECK_STR(detail, "");
	CHECK_INT(linux_steps[STEP_PREFIX].run(l, &narrow, detail), -EEXIST);
	CHECK_STR(detail, "it overlaps with another prefix of ours");
	linux_net_free(&l->net);
}

/* Somebody took all rules away between two steps. */
TEST(a_prefix_after_a_flush)
{
	struct step rules = { .kind = STEP_FIREWALL }, prefix = { .kind = STEP_PREFIX };
	char detail[PLAN_DETAIL_MAX] = "";
	struct linux_net *l = with_firewall();

	prefix.prefix.cidr = cidr_of("10.200.4.0/26");
	CHECK_INT(linux_steps[STEP_FIREWALL].run(l, &rules, detail), 0);
	run("nft flush ruleset");
	CHECK_INT(linux_steps[STEP_PREFIX].run(l, &prefix, detail), 0);
	CHECK_STR(detail, "");
	run("nft list set inet overlayd prefixes4 | grep 10.200.4.0/26;"
	    "nft list chain inet overlayd postrouting | grep masquerade");
	linux_net_free(&l->net);
}
