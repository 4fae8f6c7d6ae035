#include "server/linux/address.h"

#include <sys/socket.h>

#include "server/linux/link.h"
#include "tests/server/linux/host.h"

/* A link that is up and has nothing. Returns a socket. */
static int host_with_link(void)
{
	host_enter();
	run("ip link add d0 type veth peer name p0; ip link set d0 addrgenmode none;"
	    "ip link set p0 addrgenmode none up; ip link set d0 up");
	return rtnl_open();
}

static char *addresses(const char *family)
{
	return sh("ip %s -o addr show d0 | sed -E 's/^.*d0 +(inet6? [^ ]+) .*scope ([a-z]+) "
		  "?(nodad)?.*/"
		  "\\1 \\2 \\3/; s/ $//'",
		  family);
}

TEST(addresses_are_usable_at_once)
{
	_cleanup_(fd_closep) int fd = host_with_link();
	_cleanup_(freep) char *text = NULL;
	const struct ovd_ip four = ip_of("10.1.2.3"), six = ip_of("fd00::3");
	struct rtnl_batch b = { .n = 0 };
	int index = link_index("d0");

	address_put(&b, index, &four, 24);
	address_put(&b, index, &six, 120);
	address_put_link_local(&b, index);
	CHECK_INT(rtnl_send(fd, &b, NULL), 0);
	text = addresses("");
	CHECK_STR(text, "inet 10.1.2.3/24 global\ninet6 fd00::3/120 global nodad\n"
			"inet6 fe80::1/64 link nodad\n");
	CHECK(!succeeds("ip -6 addr | grep tentative"));
	address_put_link_local(&b, index);
	CHECK_INT(rtnl_send(fd, &b, NULL), -EEXIST);
	address_put(&b, index, &four, 24);
	CHECK_INT(rtnl_send(fd, &b, NULL), -EEXIST);
}

TEST(routes_come_and_go)
{
	_cleanup_(fd_closep) int fd = host_with_link();
	_cleanup_(freep) char *before = NULL, *four = NULL, *six = NULL;
	const struct route routes[] = {
		{ .to = cidr_of("172.30.0.0/16"),
		  .source = ip_of("10.1.2.3"),
		  .index = link_index("d0"),
		  .table = RT_TABLE_MAIN,
		  .scope = RT_SCOPE_LINK },
		/* a gateway that no other route leads to */
		{ .to = { .ip = { .len = 4 } },
		  .gateway = ip_of("192.0.2.1"),
		  .index = link_index("d0"),
		  .table = 200 },
		{ .to = cidr_of("fd01::/64"), .index = link_index("d0"), .table = RT_TABLE_MAIN },
		{ .to = { .ip = { .len = 16 } },
		  .gateway = ip_of("fd00::1"),
		  .index = link_index("d0"),
		  .table = RT_TABLE_MAIN },
	};
	struct rtnl_batch b = { .n = 0 };

	/* the kernel makes the route to its own address a moment later */
	run("ip addr add 10.1.2.3/32 dev d0; ip -6 addr add fd00::3/128 dev d0 nodad\n"
	    "for i in $(seq 500); do\n"
	    "	ip -6 route show table local | grep -q 'fd00::3 dev d0' && break\n"
	    "	sleep 0.01\n"
	    "done");
	before = look(NULL);
	for (size_t i = 0; i < ARRAY_SIZE(routes); i++)
		route_put(&b, &routes[i]);
	CHECK_INT(rtnl_send(fd, &b, NULL), 0);
	four = sh("ip route; ip route show table 200");
	CHECK_STR(four, "172.30.0.0/16 dev d0 proto static scope link src 10.1.2.3 \n"
			"default via 192.0.2.1 dev d0 proto static onlink \n");
	six = sh("ip -6 route | grep static");
	CHECK_STR(six, "fd01::/64 dev d0 proto static metric 1024 pref medium\n"
		       "default via fd00::1 dev d0 proto static metric 1024 onlink pref medium\n");
	for (size_t i = 0; i < ARRAY_SIZE(routes); i++) {
		route_put(&b, &routes[i]);
		CHECK_INT(rtnl_send(fd, &b, NULL), -EEXIST);
		route_put_delete(&b, &routes[i]);
	}
	CHECK_INT(rtnl_send(fd, &b, NULL), 0);
	CHECK_AS_BEFORE(NULL, before);
	route_put_delete(&b, &routes[0]);
	CHECK_INT(rtnl_send(fd, &b, NULL), -ESRCH);
}

TEST(rules)
{
	_cleanup_(fd_closep) int fd = host_with_link();
	_cleanup_(freep) char *text = NULL, *before = look(NULL);
	const struct ovd_ip four = ip_of("10.1.2.3"), six = ip_of("fd00::3");
	struct rtnl_batch b = { .n = 0 };

	rule_put_from(&b, &four, 200);
	rule_put_from(&b, &six, 200);
	CHECK_INT(rtnl_send(fd, &b, NULL), 0);
	text = sh("ip rule; ip -6 rule");
	CHECK(strstr(text, "1000:\tfrom 10.1.2.3 lookup 200\n"));
	CHECK(strstr(text, "1000:\tfrom fd00::3 lookup 200\n"));
	rule_put_delete(&b, AF_INET, 200);
	rule_put_delete(&b, AF_INET6, 200);
	CHECK_INT(rtnl_send(fd, &b, NULL), 0);
	CHECK_AS_BEFORE(NULL, before);
	rule_put_delete(&b, AF_INET, 200);
	CHECK_INT(rtnl_send(fd, &b, NULL), -ENOENT);
	CHECK_AS_BEFORE(NULL, before);
}

static const struct {
	const char *name, *has, *want;
	uint8_t prefix_len;
	const char *then;
} cases[] = {
	{ "none", "", "10.1.2.1", 24, "inet 10.1.2.1/24 global\n" },
	{ "so already", "10.1.2.1/24", "10.1.2.1", 24, "inet 10.1.2.1/24 global\n" },
	{ "another length", "10.1.2.1/16", "10.1.2.1", 24, "inet 10.1.2.1/24 global\n" },
	{ "another subnet", "10.9.9.9/24", "10.1.2.1", 24, "inet 10.1.2.1/24 global\n" },
	{ "beside another", "10.1.2.1/24 10.9.9.9/24", "10.1.2.1", 24,
	  "inet 10.1.2.1/24 global\n" },
	{ "two strangers", "10.1.2.8/24 10.1.2.9/24", "10.1.2.1", 24, "inet 10.1.2.1/24 global\n" },
	/* the kernel takes the others of a subnet away with its first one */
	{ "behind another", "10.1.2.9/24 10.1.2.1/24", "10.1.2.1", 24,
	  "inet 10.1.2.1/24 global\n" },
	{ "before another", "10.1.2.1/24 10.1.2.9/24", "10.1.2.1", 24,
	  "inet 10.1.2.1/24 global\n" },
	{ "IPv6, none", "fe80::7/64", "fd00::1", 120,
	  "inet6 fd00::1/120 global nodad\ninet6 fe80::7/64 link\n" },
	{ "IPv6 instead of IPv4", "10.9.9.9/24 10.9.9.7/24 fe80::7/64", "fd00::1", 120,
	  "inet6 fd00::1/120 global nodad\ninet6 fe80::7/64 link\n" },
	{ "IPv4 instead of IPv6", "fd00::9/120 10.1.2.9/24 fe80::7/64", "10.1.2.1", 24,
	  "inet 10.1.2.1/24 global\ninet6 fe80::7/64 link\n" },
	{ "IPv6, others", "fd00::9/120 fd00::1/64", "fd00::1", 120,
	  "inet6 fd00::1/120 global nodad\n" },
	{ "IPv6, so already", "fd00::1/120", "fd00::1", 120, "inet6 fd00::1/120 global\n" },
};

TEST(only_this_address)
{
	_cleanup_(fd_closep) int fd = host_with_link();

	run("sysctl -qw net.ipv4.conf.all.promote_secondaries=0 "
	    "net.ipv4.conf.d0.promote_secondaries=0"
	    " net.ipv6.conf.d0.accept_dad=0");
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_(freep) char *text = NULL;
		const struct ovd_cidr want = { ip_of(cases[i].want), cases[i].prefix_len };
		char detail[PLAN_DETAIL_MAX] = "";

		CASE("%s", cases[i].name);
		run("ip addr flush dev d0; for a in %s; do ip addr add $a dev d0; done",
		    cases[i].has);
		CHECK_INT(address_only(fd, link_index("d0"), &want, 1, detail), 0);
		text = addresses("");
		CHECK_STR(text, cases[i].then);
	}
}

TEST(only_this_address_of_its_link)
{
	_cleanup_(fd_closep) int fd = host_with_link();
	_cleanup_(freep) char *before = NULL;
	const struct ovd_cidr four = { ip_of("10.1.2.1"), 24 };

	run("ip link add d1 type bridge; ip addr add 10.1.2.7/24 dev d1;"
	    "ip addr add 10.1.2.1/24 dev d0; ip addr add fe80::7/64 dev d0 nodad");
	before = look(NULL);
	CHECK_INT(address_only(fd, link_index("d0"), &four, 1, NULL), 0);
	CHECK_AS_BEFORE(NULL, before);
	CHECK_INT(address_only(fd, 12345, &four, 1, NULL), -ENODEV);
}
