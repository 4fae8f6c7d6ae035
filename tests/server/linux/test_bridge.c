#include <stdio.h>

#include "server/linux/link.h"
#include "tests/server/linux/host.h"

#define MARK  "overlayd 01234567"
#define ALIAS MARK " service web"

static struct step step_of(const char *gateway, uint8_t prefix_len)
{
	struct step step = {
		.kind = STEP_BRIDGE,
		.bridge = { .link = "zl-web-b", .alias = ALIAS, .prefix_len = prefix_len }
	};

	step.bridge.gateway = ip_of(gateway);
	return step;
}

static struct step step4(void)
{
	return step_of("10.200.4.129", 26);
}

TEST(a_bridge)
{
	_cleanup_(freep) char *before = NULL, *text = NULL, *switches = NULL;
	struct step step = step4();
	char detail[PLAN_DETAIL_MAX] = "";
	struct linux_net *l;

	host_enter();
	l = platform_new();
	run("ip link add up0 type bridge; ip link set up0 addrgenmode none;ip link set up0 mtu "
	    "1400 up;"
	    "ip route add default dev up0; ip link add other type bridge");
	before = look(NULL);
	CHECK_INT(bridge_create(l, &step, detail), 0);
	CHECK(step.bridge.made);
	text = sh("ip -d -o link show zl-web-b; ip -o addr show zl-web-b; ip route");
	CHECK(strstr(text, "UP> mtu 1320") && strstr(text, "alias " ALIAS));
	CHECK(strstr(text, "inet 10.200.4.129/26 scope global zl-web-b"));
	CHECK(!strstr(text, "inet6") && strstr(text, "addrgenmode none"));
	CHECK(strstr(text, "10.200.4.128/26 dev zl-web-b proto kernel"));
	CHECK(strstr(text, "forward_delay 0 "));
	switches = sh("cd /proc/sys/net/ipv4; cat conf/zl-web-b/forwarding conf/up0/forwarding "
		      "conf/other/forwarding ip_forward | tr -d '\\n'");
	CHECK_STR(switches, "1100");
	bridge_undo(l, &step);
	CHECK_AS_BEFORE(NULL, before);
	linux_net_free(&l->net);
}

/* Its address is that of no port, and the same in the next life: neighbours remember it. */
TEST(its_mac_never_changes)
{
	_cleanup_(freep) char *first = NULL, *with = NULL, *second = NULL;
	struct step step = step4();
	char detail[PLAN_DETAIL_MAX] = "";
	unsigned top;
	struct linux_net *l;

	host_enter();
	l = platform_new();
	CHECK_INT(bridge_create(l, &step, detail), 0);
	first = sh("ip -o link show zl-web-b | sed 's/.*ether //; s/ .*//'");
	run("ip link add low address 00:00:00:00:00:01 type veth peer name high;"
	    "ip link set low master zl-web-b; ip link set low up; ip link set high up");
	with = sh("ip -o link show zl-web-b | sed 's/.*ether //; s/ .*//'");
	CHECK_STR(with, first);
	bridge_undo(l, &step);
	CHECK_INT(bridge_create(l, &step, detail), 0);
	second = sh("ip -o link show zl-web-b | sed 's/.*ether //; s/ .*//'");
	CHECK_STR(second, first);
	CHECK_INT(sscanf(first, "%2x:", &top), 1);
	CHECK_INT(top & 3, 2); /* a single host's, given locally */
	linux_net_free(&l->net);
}

TEST(one_of_ours_is_taken_over_with_its_ports)
{
	_cleanup_(freep) char *text = NULL, *before = NULL;
	struct step step = step4(), six = step_of("fd00::81", 120);
	char detail[PLAN_DETAIL_MAX] = "";
	struct linux_net *l;

	host_enter();
	l = platform_new();
	CHECK_INT(bridge_create(l, &step, detail), 0);
	run("ip link add v0 type veth peer name v1; ip link set v0 master zl-web-b;"
	    "ip addr add 10.9.9.9/24 dev zl-web-b; ip addr del 10.200.4.129/26 dev zl-web-b;"
	    "ip link set zl-web-b down");
	CHECK_INT(bridge_create(l, &step, detail), 0);
	CHECK(!step.bridge.made);
	text = sh("ip -4 -o addr show zl-web-b; ip link show v0; ip link show zl-web-b");
	CHECK(strstr(text, "10.200.4.129/26") && !strstr(text, "10.9.9.9"));
	CHECK(strstr(text, "master zl-web-b") && strstr(text, ",UP"));
	run("ip link set v0 mtu 1300; ip link set v0 nomaster; ip link show zl-web-b | grep 'mtu "
	    "1420'");
	run("ip link set v0 master zl-web-b; ip link show zl-web-b | grep 'mtu 1420'");
	before = look(NULL);
	CHECK_INT(bridge_create(l, &step, detail), 0); /* nothing to change */
	CHECK_AS_BEFORE(NULL, before);
	bridge_undo(l, &step);
	CHECK_AS_BEFORE(NULL, before); /* it was there: it stays */
	CHECK_INT(bridge_create(l, &six, detail), 0);
	run("ip -6 addr show zl-web-b | grep fd00::81/120; ip -6 addr show zl-web-b | grep "
	    "fe80::1/64");
	linux_net_free(&l->net);
}

TEST(one_that_vanished_gets_its_ports_back)
{
	char ports[][LINK_NAME_MAX] = { "v0", "gone", "w0" };
	struct step step = step4();
	char detail[PLAN_DETAIL_MAX] = "";
	struct linux_net *l;

	host_enter();
	l = platform_new();
	run("ip link add v0 type veth peer name v1; ip link add w0 type veth peer name w1");
	step.bridge.ports = ports;
	step.bridge.n_ports = ARRAY_SIZE(ports);
	CHECK_INT(bridge_create(l, &step, detail), 0);
	run("ip link show v0 | grep 'master zl-web-b'; ip link show w0 | grep 'master zl-web-b'");
	run("ip link set v0 nomaster");
	CHECK_INT(bridge_create(l, &step, detail),
		  0); /* it is there: its ports are others' business */
	CHECK(!succeeds("ip link show v0 | grep master"));
	linux_net_free(&l->net);
}

TEST(a_subnet_in_which_the_host_has_an_address)
{
	_cleanup_(freep) char *before = NULL;
	struct step step = step4(), six = step_of("fd00::81", 120);
	char detail[PLAN_DETAIL_MAX] = "";
	struct linux_net *l;

	host_enter();
	l = platform_new();
	run("ip link add up0 type bridge; ip addr add 10.200.4.130/32 dev up0;"
	    "ip addr add fd00::99/64 dev up0; ip addr add 10.200.4.127/16 dev up0");
	before = look(NULL);
	CHECK_INT(bridge_create(l, &step, detail), -EADDRINUSE);
	CHECK_STR(detail, "the host has the address 10.200.4.130");
	CHECK_INT(bridge_create(l, &six, detail), -EADDRINUSE);
	CHECK_AS_BEFORE(NULL, before);
	run("ip addr del 10.200.4.130/32 dev up0");
	CHECK_INT(bridge_create(l, &step, detail), 0);
	linux_net_free(&l->net);
}

static struct step moved(const char *gateway, uint8_t prefix_len)
{
	struct step step = step_of(gateway, prefix_len);

	step.bridge.was = ip_of("10.200.4.129");
	step.bridge.was_len = 26;
	return step;
}

static const struct {
	const char *name, *script, *gateway;
	uint8_t prefix_len;
	int r;
	const char *detail;
} moves[] = {
	{ "another block", "true", "10.200.5.1", 26, 0, "" },
	{ "another family", "true", "fd00::81", 120, 0, "" },
	{ "ports", "ip link set v0 master zl-web-b", "10.200.5.1", 26, -EBUSY,
	  "1 ports are on it" },
	{ "an address of the host", "ip addr add 10.200.5.9/32 dev lo", "10.200.5.1", 26,
	  -EADDRINUSE, "the host has the address 10.200.5.9" },
	{ "an address of the host where it is", "ip addr add 10.200.4.140/32 dev lo", "10.200.5.1",
	  26, 0, "" },
};

/* The carrier comes and goes by itself. */
static const char its_place[] = "{ ip -4 addr show zl-web-b; ip route; } |"
				"sed -E 's/NO-CARRIER,//; s/ state [A-Z]+//; s/ linkdown//'";

TEST(one_that_moves)
{
	struct step first = step4();
	char detail[PLAN_DETAIL_MAX] = "";
	struct linux_net *l;

	host_enter();
	l = platform_new();
	run("ip link add v0 type veth peer name v1");
	for (size_t i = 0; i < ARRAY_SIZE(moves); i++) {
		_cleanup_(freep) char *before = NULL, *text = NULL;
		struct step step = moved(moves[i].gateway, moves[i].prefix_len);

		CASE("%s", moves[i].name);
		CHECK_INT(bridge_create(l, &first, detail), 0);
		run("%s", moves[i].script);
		before = sh(its_place);
		CHECK_INT(bridge_create(l, &step, detail), moves[i].r);
		CHECK_STR(detail, moves[i].detail);
		if (moves[i].r == 0) {
			text = sh("ip -o addr show zl-web-b");
			CHECK(strstr(text, moves[i].gateway) && !strstr(text, "10.200.4."));
			bridge_undo(l, &step);
		}
		text = (free(text), sh(its_place));
		CHECK_STR(text, before);
		run("ip link set v0 nomaster; ip addr flush dev lo scope global");
		detail[0] = '\0';
	}
	linux_net_free(&l->net);
}

/* It vanished meanwhile: what undo finds is its own work. */
TEST(one_that_moves_and_is_gone)
{
	struct step step = moved("10.200.5.1", 26);
	_cleanup_(freep) char *before = NULL;
	char detail[PLAN_DETAIL_MAX] = "";
	struct linux_net *l;

	host_enter();
	l = platform_new();
	before = look(NULL);
	CHECK_INT(bridge_create(l, &step, detail), 0);
	CHECK(step.bridge.made);
	bridge_undo(l, &step);
	CHECK_AS_BEFORE(NULL, before);
	linux_net_free(&l->net);
}

static const struct {
	const char *name, *script, *detail;
} strangers[] = {
	{ "a bridge", "ip link add zl-web-b type bridge", "a bridge that is not ours" },
	{ "a veth with our alias",
	  "ip link add zl-web-b type veth peer name x; ip link set zl-web-b alias '" ALIAS "'",
	  "a veth that is not ours" },
	{ "another node's",
	  "ip link add zl-web-b type bridge; ip link set zl-web-b alias 'overlayd 89abcdef service "
	  "web'",
	  "a bridge that is not ours" },
};

TEST(a_strangers_link_stays_as_it_is)
{
	struct linux_net *l;

	host_enter();
	l = platform_new();
	for (size_t i = 0; i < ARRAY_SIZE(strangers); i++) {
		_cleanup_(freep) char *before = NULL;
		struct step step = step4();
		char detail[PLAN_DETAIL_MAX] = "";

		CASE("%s", strangers[i].name);
		run("%s", strangers[i].script);
		before = look(NULL);
		CHECK_INT(bridge_create(l, &step, detail), -EEXIST);
		CHECK_STR(detail, strangers[i].detail);
		bridge_undo(l, &step);
		CHECK_AS_BEFORE(NULL, before);
		run("ip link del zl-web-b");
	}
	linux_net_free(&l->net);
}

TEST(a_failure_leaves_nothing)
{
	_cleanup_(freep) char *before = NULL;
	struct step step = step4();
	char detail[PLAN_DETAIL_MAX] = "";
	struct linux_net *l;

	host_enter();
	l = platform_new();
	run("mount --bind /proc/sys /proc/sys; mount -o remount,ro,bind /proc/sys");
	before = look(NULL);
	CHECK_INT(bridge_create(l, &step, detail), -EROFS);
	CHECK_AS_BEFORE(NULL, before);
	linux_net_free(&l->net);
}

/* ---- deletion, list ---- */

static const struct {
	const char *name, *script;
	bool idle_only;
	int r;
	bool gone;
	const char *detail;
} deletions[] = {
	{ "none", "true", false, 0, false, "" },
	{ "idle", "make", true, 0, true, "" },
	{ "with a port", "make; port", true, 0, false, "" },
	{ "with a port, all the same", "make; port", false, 0, true, "" },
	{ "a port that is being reaped", "make; port; ip link set v0 group 0x6f766c64", true, 0,
	  true, "" },
	{ "a stranger's", "ip link add zl-web-b type bridge", false, -EPERM, false,
	  "it is not ours" },
};

TEST(deletion)
{
	struct linux_net *l;

	host_enter();
	l = platform_new();
	for (size_t i = 0; i < ARRAY_SIZE(deletions); i++) {
		_cleanup_(freep) char *before = NULL;
		char detail[PLAN_DETAIL_MAX] = "";
		struct step step = { .kind = STEP_BRIDGE_DELETE,
				     .bridge_delete = { .link = "zl-web-b",
							.alias = ALIAS,
							.idle_only = deletions[i].idle_only } };

		CASE("%s", deletions[i].name);
		run("make() { ip link add zl-web-b type bridge;"
		    "ip link set zl-web-b alias '" ALIAS "'; }\n"
		    "port() { ip link add v0 type veth peer name v1; ip link set v0 master "
		    "zl-web-b; "
		    "}\n"
		    "%s",
		    deletions[i].script);
		before = look(NULL);
		CHECK_INT(bridge_delete(l, &step, detail), deletions[i].r);
		CHECK_INT(reaper_finish(l->reaper), 0);
		CHECK_INT(step.bridge_delete.gone, deletions[i].gone);
		CHECK_STR(detail, deletions[i].detail);
		if (deletions[i].gone)
			CHECK(!succeeds("ip link show zl-web-b"));
		else
			CHECK_AS_BEFORE(NULL, before);
		run("ip link del zl-web-b || true; ip link del v0 || true");
	}
	linux_net_free(&l->net);
}

/* The reaper has much to do: one bridge after another. */
static void delete_many(struct linux_net *l)
{
	run("for i in 1 2 3 4 5; do ip link add zl-o$i-b type bridge; ip link set zl-o$i-b alias "
	    "'" MARK " service o'$i; done");
	for (int i = 1; i <= 5; i++) {
		char detail[PLAN_DETAIL_MAX] = "";
		struct step step = { .kind = STEP_BRIDGE_DELETE, .bridge_delete.alias = MARK };

		snprintf(step.bridge_delete.link, LINK_NAME_MAX, "zl-o%d-b", i);
		CHECK_INT(bridge_delete(l, &step, detail), 0);
	}
}

TEST(one_that_goes_leaves_its_name_and_its_subnet)
{
	struct step gone = { .kind = STEP_BRIDGE_DELETE,
			     .bridge_delete = { .link = "zl-web-b", .alias = ALIAS } };
	struct step again = step4(), other = step4();
	char detail[PLAN_DETAIL_MAX] = "";
	struct linux_net *l;

	host_enter();
	l = platform_new();
	snprintf(other.bridge.link, LINK_NAME_MAX, "zl-other-b");
	CHECK_INT(bridge_create(l, &again, detail), 0);
	delete_many(l);
	CHECK_INT(bridge_delete(l, &gone, detail), 0);
	CHECK(gone.bridge_delete.gone);
	CHECK(succeeds("! ip addr show | grep 10.200.4.129"));
	CHECK_INT(bridge_create(l, &other, detail), 0);
	gone.bridge_delete.gone = false;
	CHECK_INT(bridge_delete(l, &gone, detail), 0);
	CHECK(!gone.bridge_delete.gone); /* a second time */
	bridge_undo(l, &other);
	CHECK_INT(reaper_finish(l->reaper), 0);
	CHECK_INT(bridge_create(l, &again, detail), 0);
	delete_many(l);
	CHECK_INT(bridge_delete(l, &gone, detail), 0);
	CHECK_INT(bridge_create(l, &again, detail), 0); /* at once */
	CHECK(again.bridge.made);
	CHECK_INT(reaper_finish(l->reaper), 0);
	CHECK(succeeds("ip addr show zl-web-b | grep 10.200.4.129"));
	CHECK(!succeeds("ip link show zl-o5-b"));
	linux_net_free(&l->net);
}

TEST(only_one_of_ip6_has_ip6)
{
	struct step step = step4(), six = step_of("fd00::1", 120);
	char detail[PLAN_DETAIL_MAX] = "";
	struct linux_net *l;

	host_enter();
	l = platform_new();
	CHECK_INT(bridge_create(l, &step, detail), 0);
	CHECK(succeeds("grep 1 /proc/sys/net/ipv6/conf/zl-web-b/disable_ipv6"));
	CHECK(succeeds("! ip -6 route show table all | grep zl-web-b"));
	six.bridge.was = ip_of("10.200.4.129"); /* it moves */
	six.bridge.was_len = 26;
	CHECK_INT(bridge_create(l, &six, detail), 0);
	CHECK(succeeds("ip -6 addr show zl-web-b | grep fd00::1"));
	bridge_undo(l, &six);
	CHECK(succeeds("ip addr show zl-web-b | grep 10.200.4.129"));
	CHECK(succeeds("! ip -6 addr show zl-web-b | grep fd00::1"));
	linux_net_free(&l->net);
}

static int by_name(const void *a, const void *b)
{
	return strcmp(a, b);
}

TEST(idle_bridges_of_ours)
{
	struct step step = { .kind = STEP_BRIDGE_LIST, .bridge_list = { .mark = MARK } };
	char detail[PLAN_DETAIL_MAX] = "";
	struct linux_net *l;

	host_enter();
	l = platform_new();
	CHECK_INT(bridge_list(l, &step, detail), 0);
	CHECK_INT(step.bridge_list.n_names, 0);
	free(step.bridge_list.names);
	run("for b in $(seq 1 20) busy gone stranger; do ip link add b$b type bridge;"
	    "ip link set b$b alias '" MARK " service '$b; done;"
	    "ip link set bstranger alias 'overlayd 89abcdef service x';"
	    "ip link add veth type veth peer name peer; ip link set veth alias '" ALIAS "';"
	    "ip link set veth master bbusy; ip link set peer master bgone group 0x6f766c64");
	step.bridge_list.n_names = 0;
	CHECK_INT(bridge_list(l, &step, detail), 0);
	CHECK_INT(step.bridge_list.n_names, 21);
	qsort(step.bridge_list.names, 21, LINK_NAME_MAX, by_name);
	CHECK_STR(step.bridge_list.names[0], "b1");
	CHECK_STR(step.bridge_list.names[19], "b9");
	CHECK_STR(step.bridge_list.names[20], "bgone");
	free(step.bridge_list.names);
	linux_net_free(&l->net);
}
