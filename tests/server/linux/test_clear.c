#include "tests/server/linux/host.h"

#define MARK "overlayd aaaaaaaa"

static int clear(struct linux_net *l, char detail[PLAN_DETAIL_MAX])
{
	struct step step = { .kind = STEP_CLEAR, .clear.mark = MARK };

	return linux_steps[STEP_CLEAR].run(l, &step, detail);
}

static void make_links(void)
{
	run("for i in 1 2 3; do ip link add zl-$i type bridge; ip link set zl-$i alias '" MARK
	    " service '$i; done;"
	    "for i in 1 2 3; do ip link add zl-v$i type veth peer name p$i; ip link set zl-v$i "
	    "master zl-$i alias '" MARK " container'; done;"
	    "ip link add other type bridge; ip link set other alias 'overlayd bbbbbbbb service x';"
	    "ip link add zl-foreign type bridge; ip link add otherv type veth peer name othervp;"
	    "ip link set otherv master zl-1");
}

TEST(all_that_is_ours_goes_and_nothing_else)
{
	_cleanup_(freep) char *left = NULL;
	char detail[PLAN_DETAIL_MAX] = "";
	struct linux_net *l;

	host_enter();
	l = platform_new();
	make_links();
	CHECK_INT(clear(l, detail), 0);
	left = sh("ip -o link show | sed 's/^[0-9]*: //; s/[:@].*//' | sort | tr '\\n' ' '");
	CHECK_STR(left, "lo other otherv othervp zl-foreign ");
	CHECK_INT(clear(l, detail), 0); /* again */
	CHECK_STR(detail, "");
	linux_net_free(&l->net);
}

TEST(a_tunnel_goes_with_its_process)
{
	char detail[PLAN_DETAIL_MAX] = "";
	struct linux_net *l;
	bool made;

	host_enter();
	sandbox_needs_tun();
	l = platform_new();
	CHECK_INT(wg_make(l->wg, "zl-t", MARK " tunnel zl-t", &made), 0);
	run("ip link set zl-t alias '" MARK " tunnel zl-t'");
	CHECK_INT(clear(l, detail), 0);
	CHECK(!succeeds("ip link show zl-t"));
	CHECK(!succeeds("pgrep -x wireguard-go"));
	linux_net_free(&l->net);
}

/* What the mark is on but can't be deleted: lo, which takes an alias like any link. */
TEST(what_is_left_is_named)
{
	char detail[PLAN_DETAIL_MAX] = "";
	struct linux_net *l;

	host_enter();
	l = platform_new();
	make_links();
	run("ip link set lo alias '" MARK " service lo'");
	CHECK_INT(clear(l, detail), -EBUSY);
	CHECK_STR(detail, "left: lo");
	CHECK(!succeeds("ip link show zl-1"));
	linux_net_free(&l->net);
}
