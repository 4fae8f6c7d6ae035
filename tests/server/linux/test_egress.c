#include "server/linux/egress.h"

#include <stdio.h>

#include "server/linux/rtnl.h"
#include "tests/server/linux/host.h"

static const struct {
	const char *name, *script, *links;
	uint32_t mtu;
} cases[] = {
	{ "no route", "true", "", 0 },
	{ "a prefix is no way out", "ip route add 10.0.0.0/8 dev u4", "", 0 },
	{ "IPv4", "ip route add default dev u4", "u4", 1400 },
	{ "IPv6", "ip -6 route add default via fe80::9 dev u6", "u6", 1300 },
	{ "another for each family",
	  "ip -6 route add default via fe80::9 dev u6; ip route add default dev u4 metric 99",
	  "u4 u6", 1300 },
	{ "another for each family, the other way round",
	  "ip -6 route add default via fe80::9 dev u4; ip route add default dev u6", "u6 u4",
	  1300 },
	{ "one for both families",
	  "ip -6 route add default via fe80::9 dev u4; ip route add default dev u4", "u4", 1400 },
	{ "the best of two",
	  "ip route add default dev u6 metric 50; ip route add default dev u4 metric 20", "u4",
	  1400 },
	{ "the best of two, the other way round",
	  "ip route add default dev u6 metric 20; ip route add default dev u4 metric 50", "u6",
	  1300 },
	{ "not ours", "ip route add default dev zl-x; ip -6 route add default dev u6", "u6", 1300 },
	{ "only ours", "ip route add default dev zl-x", "", 0 },
	{ "not lo", "ip route add default dev lo", "", 0 },
	{ "another table", "ip route add default dev u4 table 7", "", 0 },
	{ "a rule leads to another table",
	  "ip route add default dev u6; ip route add default dev u4 table 7; ip rule add table 7",
	  "u4", 1400 },
	{ "a dead end", "ip route add unreachable default; ip -6 route add blackhole default", "",
	  0 },
	{ "several at once",
	  "ip route add default nexthop via 192.0.2.8 dev u4 onlink nexthop via 192.0.2.9 dev u4 "
	  "onlink",
	  "u4", 1400 },
	{ "halves", "ip route add 0.0.0.0/1 dev u6; ip route add 128.0.0.0/1 dev u4", "u4", 1400 },
};

TEST(the_links_that_lead_out)
{
	int fd;

	host_enter();
	fd = rtnl_open();
	CHECK(fd >= 0);
	run("for l in u4 u6 zl-x; do ip link add $l type bridge; ip link set $l up; done;"
	    "ip link set u4 mtu 1400; ip link set u6 mtu 1300");
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		char names[2 * LINK_NAME_MAX];
		struct egress egress;

		CASE("%s", cases[i].name);
		run("%s", cases[i].script);
		egress = egress_find(fd);
		snprintf(names, sizeof(names), "%s%s%s", egress.links[0], egress.n > 1 ? " " : "",
			 egress.links[1]);
		CHECK_STR(names, cases[i].links);
		CHECK_INT(egress.mtu, cases[i].mtu);
		run("ip rule del table 7 || true; ip route flush table all; ip -6 route flush root "
		    "::/0 table all; true");
	}
	close(fd);
}

TEST(forwarding_on_each)
{
	const struct egress none = { .n = 0 }, two = { .links = { "u4", "u6" }, .n = 2 },
			    gone = { .links = { "u9", "u8" }, .n = 2 };

	host_enter();
	run("for l in u4 u6 u8; do ip link add $l type bridge; ip link set $l up; done");
	CHECK_INT(egress_forward(NULL, &none), 0);
	run("! grep 1 /proc/sys/net/ipv4/conf/u*/forwarding");
	CHECK_INT(egress_forward(NULL, &two), 0);
	run("for l in u4 u6; do grep 1 /proc/sys/net/ipv4/conf/$l/forwarding; done;"
	    "! grep 1 /proc/sys/net/ipv4/conf/u8/forwarding");
	CHECK_INT(egress_forward(NULL, &gone), -ENOENT);
	run("grep 1 /proc/sys/net/ipv4/conf/u8/forwarding");
}

static const struct {
	uint32_t of, mtu;
} mtus[] = {
	{ 0, 1420 },    { 1500, 1420 }, { 9000, 1420 }, { 1499, 1419 }, { 1400, 1320 },
	{ 1360, 1280 }, { 1359, 1280 }, { 576, 1280 },  { 80, 1420 },   { UINT32_MAX, 1420 },
};

TEST(room_for_wireguard)
{
	for (size_t i = 0; i < ARRAY_SIZE(mtus); i++) {
		const struct egress egress = { .mtu = mtus[i].of };

		CASE("%u", mtus[i].of);
		CHECK_INT(egress_tunnel_mtu(&egress), mtus[i].mtu);
	}
}
