#include <stdio.h>

#include "tests/server/linux/host.h"

#define MARK "overlayd 01234567"

static void follow(struct linux_net *l)
{
	struct step step = { .kind = STEP_UPLINK, .uplink = { .mark = MARK } };
	char detail[PLAN_DETAIL_MAX] = "";

	CHECK_INT(linux_steps[STEP_UPLINK].run(l, &step, detail), 0);
	CHECK_STR(detail, "");
}

static void make_bridge_of(struct linux_net *l, char (*ports)[LINK_NAME_MAX], size_t n)
{
	struct step step = {
		.kind = STEP_BRIDGE,
		.bridge = { .link = "zl-web-b", .alias = MARK " service web", .prefix_len = 26 }
	};
	char detail[PLAN_DETAIL_MAX] = "";

	step.bridge.ports = ports;
	step.bridge.n_ports = n;
	step.bridge.gateway = ip_of("10.200.4.129");
	CHECK_INT(linux_steps[STEP_BRIDGE].run(l, &step, detail), 0);
}

static void make_bridge(struct linux_net *l)
{
	make_bridge_of(l, NULL, 0);
}

static void attach(struct linux_net *l, const struct guest *guest, const char *host)
{
	struct step step = { .kind = STEP_VETH,
			     .veth = { .netns = guest->netns,
				       .guest = "eth0",
				       .bridge = "zl-web-b",
				       .alias = MARK " container web",
				       .prefix_len = 26 } };
	char detail[PLAN_DETAIL_MAX] = "";

	snprintf(step.veth.host, sizeof(step.veth.host), "%s", host);
	step.veth.ip = ip_of("10.200.4.130");
	step.veth.gateway = ip_of("10.200.4.129");
	CHECK_INT(linux_steps[STEP_VETH].run(l, &step, detail), 0);
}

static struct linux_net *links(void)
{
	host_enter();
	run("for l in up0 up1 theirs; do ip link add $l type bridge; ip link set $l up; done;"
	    "ip link set up0 mtu 1400; ip link set up1 mtu 1440; ip link set theirs mtu 1333;"
	    "ip link add zl-d-g type bridge; ip link set zl-d-g alias '" MARK " tunnel zl-d-g'");
	return platform_new();
}

static void check_mtu(const char *link, unsigned mtu)
{
	CASE("%s", link);
	run("ip link show %s | grep -w 'mtu %u'", link, mtu);
}

static void check_forwarding(const char *link, bool on)
{
	CASE("%s", link);
	run("[ $(cat /proc/sys/net/ipv4/conf/%s/forwarding) = %d ]", link, on);
}

TEST(a_way_out_that_comes_later)
{
	struct linux_net *l = links();

	make_bridge(l);
	check_mtu("zl-web-b", 1420);
	follow(l); /* there is none */
	check_forwarding("up0", false);
	run("ip route add default dev up0");
	follow(l);
	check_forwarding("up0", true);
	check_forwarding("up1", false);
	check_mtu("zl-web-b", 1320);
	check_mtu("zl-d-g", 1320);
	check_mtu("theirs", 1333);
	run("ip route replace default dev up1");
	follow(l);
	check_forwarding("up1", true);
	check_mtu("zl-web-b", 1360);
	run("ip route del default");
	follow(l);
	check_mtu("zl-web-b", 1360);
	linux_net_free(&l->net);
}

/* What was made since then knows the MTU already, and older links don't. */
TEST(links_that_are_older_than_the_last_setup)
{
	struct linux_net *l = links();
	struct step step = {
		.kind = STEP_BRIDGE,
		.bridge = { .link = "zl-new-b", .alias = MARK " service new", .prefix_len = 26 }
	};
	char detail[PLAN_DETAIL_MAX] = "";

	run("ip route add default dev up1");
	make_bridge(l);
	follow(l);
	run("ip link set up1 mtu 1390");
	step.bridge.gateway = ip_of("10.200.4.193");
	CHECK_INT(linux_steps[STEP_BRIDGE].run(l, &step, detail), 0);
	check_mtu("zl-new-b", 1310);
	check_mtu("zl-web-b", 1360);
	run("ip link set zl-d-g mtu 1444");
	follow(l);
	check_mtu("zl-web-b", 1310);
	check_mtu("zl-d-g", 1310);
	check_mtu("zl-new-b", 1310);
	linux_net_free(&l->net);
}

/* Answers come in by another link where IPv6 leaves by another one. */
TEST(a_way_out_for_each_family)
{
	struct linux_net *l = links();

	make_bridge(l);
	run("ip route add default dev up1; ip -6 route add default via fe80::9 dev up0");
	follow(l);
	check_forwarding("up0", true);
	check_forwarding("up1", true);
	check_forwarding("theirs", false);
	if (succeeds("sysctl net.ipv6.conf.up0.force_forwarding"))
		run("grep 1 /proc/sys/net/ipv6/conf/up0/force_forwarding");
	check_mtu("zl-web-b", 1320);
	run("ip -6 route del default");
	follow(l);
	check_mtu("zl-web-b", 1360);
	linux_net_free(&l->net);
}

TEST(a_new_bridge_forwards_by_the_ways_of_both_families)
{
	struct linux_net *l = links();

	run("ip route add default dev up1; ip -6 route add default via fe80::9 dev up0");
	make_bridge(l);
	check_forwarding("up0", true);
	check_forwarding("up1", true);
	check_mtu("zl-web-b", 1320);
	linux_net_free(&l->net);
}

/* The bridge's ports agree, whatever the way out: what is too long for that is told by the host. */
TEST(containers_of_a_bridge_have_one_mtu)
{
	struct linux_net *l = links();
	struct guest first, second;

	guest_start(&first);
	guest_start(&second);
	run("ip route add default dev up1");
	make_bridge(l);
	attach(l, &first, "zl-1-0");
	check_mtu("zl-1-0", 1360);
	run("ip route replace default dev up0");
	follow(l);
	check_mtu("zl-d-g", 1320);
	check_mtu("zl-web-b", 1360);
	make_bridge(l); /* again, as after a restart */
	check_mtu("zl-web-b", 1360);
	attach(l, &second, "zl-2-0");
	check_mtu("zl-2-0", 1360);
	run("%s ip link show eth0 | grep 'mtu 1360'", IN(&second));
	run("ip link del zl-web-b");
	make_bridge_of(l, (char[][LINK_NAME_MAX]){ "zl-1-0", "zl-2-0" }, 2);
	check_mtu("zl-web-b", 1360);
	run("ip link del zl-1-0; ip link del zl-2-0");
	make_bridge(l);
	check_mtu("zl-web-b", 1320);
	linux_net_free(&l->net);
	guest_stop(&first);
	guest_stop(&second);
}
