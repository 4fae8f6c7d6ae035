#include "server/linux/link.h"

#include <linux/if.h>

#include "tests/server/linux/host.h"

TEST(a_link_is_read)
{
	_cleanup_(fd_closep) int fd = -1;
	struct link_info link = { .index = -1 };

	host_enter();
	fd = rtnl_open();
	run("ip link add b0 type bridge; ip link add d0 index 77 mtu 1234 type veth peer name d1;"
	    "ip link set d0 alias 'overlayd 01234567 some thing' group 5 master b0;"
	    "ip link set d0 up; ip link set d1 up");
	while (link_get(fd, "d0", &link) == 0 && link.operstate != IF_OPER_UP)
		; /* the carrier comes in the background; a hang is the failure */
	CHECK_INT(link.index, 77);
	CHECK_INT(link.mtu, 1234);
	CHECK_INT(link.group, 5);
	CHECK_INT(link.master, link_index("b0"));
	CHECK_STR(link.name, "d0");
	CHECK_STR(link.kind, "veth");
	CHECK_STR(link.alias, "overlayd 01234567 some thing");
	CHECK(link_has_alias(&link, "overlayd 01234567"));
	CHECK(link_has_alias(&link, "overlayd 01234567 some thing"));
	CHECK(!link_has_alias(&link, "overlayd 01234567 some thing more"));
	CHECK(!link_has_alias(&link, "overlayd 1"));
	CHECK(!link_has_alias(&link, "overlayd 00000005"));

	CHECK_INT(link_get(fd, "lo", &link), 0);
	CHECK_STR(link.kind, "");
	CHECK_STR(link.alias, "");
	CHECK_INT(link.master, 0);
	link.index = -1;
	CHECK_INT(link_get(fd, "none", &link), -ENODEV);
	CHECK_INT(link.index, -1);
	CHECK_INT(link_index("lo"), 1);
	CHECK_INT(link_index("none"), 0);
}

static const struct {
	const char *alias;
	uint32_t group;
} groups[] = {
	{ "overlayd 01234567", 0x01234567 },
	{ "overlayd 89abcdef container web", 0x89abcdef },
	{ "overlayd 00000000 container web", 0xffffffff }, /* 0 is everybody's */
	{ "overlayd 6f766c64", ~LINK_GROUP_GONE },
	{ "overlayd 0123456", 0 },
	{ "overlayd 0123456g", 0 },
	{ "overlaid 01234567", 0 },
	{ "", 0 },
};

TEST(the_group_of_a_mark)
{
	for (size_t i = 0; i < ARRAY_SIZE(groups); i++) {
		struct link_info link = { .group = groups[i].group };

		CASE("%s", groups[i].alias);
		CHECK_INT(link_group(groups[i].alias), groups[i].group);
		CHECK_INT(link_has_alias(&link, groups[i].alias), i < 4 || !groups[i].alias[0]);
		link.group = LINK_GROUP_GONE;
		CHECK(!link_has_alias(&link, groups[i].alias));
		strcpy(link.alias, "a stranger's");
		link.group = groups[i].group;
		CHECK_INT(link_has_alias(&link, groups[i].alias), !groups[i].alias[0]);
	}
}

TEST(the_longest_alias_is_kept_whole)
{
	_cleanup_(fd_closep) int fd = -1;
	struct link_info link;
	char alias[256];

	host_enter();
	fd = rtnl_open();
	memset(alias, 'a', sizeof(alias) - 1);
	alias[sizeof(alias) - 1] = '\0';
	run("ip link add d0 type bridge; ip link set d0 alias %s", alias);
	CHECK_INT(link_get(fd, "d0", &link), 0);
	CHECK_STR(link.alias, alias);
}

static void count(void *arg, const struct link_info *link)
{
	int *n = arg;

	if (strcmp(link->kind, "bridge") == 0)
		n[link->index % 1000]++;
}

/* More than fits into one answer of the kernel. */
TEST(each_link_is_seen_once)
{
	_cleanup_(fd_closep) int fd = -1;
	int n[1000] = { 0 };

	host_enter();
	fd = rtnl_open();
	run("for i in $(seq 1000 1199); do echo link add d$i index $i type bridge; done | ip "
	    "-batch -");
	CHECK_INT(link_each(fd, count, NULL, n), 0);
	for (int i = 0; i < 1000; i++)
		CHECK_INT(n[i], i < 200);
}

TEST(delete_twice)
{
	_cleanup_(fd_closep) int fd = -1;

	host_enter();
	fd = rtnl_open();
	run("ip link add d0 type bridge");
	CHECK_INT(link_delete(fd, "d0"), 0);
	CHECK(!succeeds("ip link show d0"));
	CHECK_INT(link_delete(fd, "d0"), 0);
	CHECK_INT(link_delete(fd, "lo"), -EOPNOTSUPP);
}

TEST(quiet_up_and_mtu)
{
	_cleanup_(fd_closep) int fd = -1;
	_cleanup_(freep) char *text = NULL;
	struct rtnl_batch b = { .n = 0 };

	host_enter();
	fd = rtnl_open();
	run("ip link add d0 type veth peer name d1; ip link set d1 alias kept");
	link_put_quiet(&b, 0, "d0", "a name");
	link_put_quiet(&b, link_index("d1"), NULL, NULL);
	link_put_mtu(&b, link_index("d1"), 1300);
	link_put_up(&b, 0, "d0");
	link_put_up(&b, link_index("d1"), NULL);
	CHECK_INT(rtnl_send(fd, &b, NULL), 0);
	text = sh("ip -d link");
	CHECK(strstr(text, "alias a name\n") && strstr(text, "alias kept\n"));
	run("ip link show d1 | grep 'MULTICAST,UP.* mtu 1300 '; ip link show d0 | grep "
	    "'MULTICAST,UP.* mtu 1500 '");
	CHECK(!succeeds("ip -6 -o addr | grep -v ' lo '")); /* no link-local ones */
}
