#include "server/linux/pair.h"

#include "server/linux/link.h"
#include "tests/server/linux/host.h"

#define ALIAS "overlayd 01234567 container web"

static struct pair pair_of(const struct guest *guest)
{
	return (struct pair){ .netns = guest->netns,
			      .host = "zl-4a-0",
			      .guest = "eth0",
			      .alias = ALIAS,
			      .mtu = 1380 };
}

static char detail[PLAN_DETAIL_MAX];

static int create(struct linux_net *l, struct pair *pair)
{
	detail[0] = '\0';
	return pair_create(l, pair, detail);
}

TEST(both_ends)
{
	struct linux_net *l;
	struct link_info link;
	struct guest guest;
	struct pair pair;
	_cleanup_(freep) char *before = NULL, *inside = NULL;

	host_enter();
	l = platform_new();
	guest_start(&guest);
	run("ip link add b0 address 02:00:00:00:00:01 type bridge; ip link set b0 addrgenmode none "
	    "up");
	before = look(&guest);
	pair = pair_of(&guest);
	pair.master = link_index("b0");
	CHECK_INT(create(l, &pair), 0);
	CHECK_INT(link_get(l->rtnl, "zl-4a-0", &link), 0);
	CHECK_INT(link.index, pair.index);
	CHECK_INT(link.master, pair.master);
	CHECK_INT(link.mtu, 1380);
	CHECK_STR(link.alias, ALIAS);
	CHECK_STR(link.kind, "veth");
	CHECK_INT(link.group, 0x01234567);
	inside = sh("%s ip -o link show eth0", IN(&guest));
	CHECK_INT(strtoul(inside, NULL, 10), pair.index);
	CHECK(strstr(inside, "mtu 1380") && strstr(inside, "state DOWN"));
	CHECK(!succeeds("ip -o link show eth0"));
	pair_delete(l, &pair.index);
	CHECK_INT(pair.index, 0);
	CHECK_AS_BEFORE(&guest, before);
	linux_net_free(&l->net);
	guest_stop(&guest);
}

/* A link of the host's name, and one of the container's. */
static const struct {
	const char *name, *script, *inside;
	int r;
	const char *detail;
} taken[] = {
	{ "host, a stranger's", "ip link add zl-4a-0 type bridge", "true", -EEXIST,
	  "a bridge that is not ours" },
	{ "host, a stranger's with an alias",
	  "ip link add zl-4a-0 type bridge; ip link set zl-4a-0 alias 'not overlayd'", "true",
	  -EEXIST, "a bridge that is not ours" },
	{ "host, a stranger's veth",
	  "ip link add zl-4a-0 type veth peer name other; ip link set zl-4a-0 addrgenmode none",
	  "true", -EEXIST, "a veth that is not ours" },
	{ "host, another node's",
	  "ip link add zl-4a-0 type veth peer name other; ip link set zl-4a-0 addrgenmode none;"
	  "ip link set zl-4a-0 alias 'overlayd 89abcdef container web'",
	  "true", -EEXIST, "a veth that is not ours" },
	{ "container", "true", "ip link add eth0 type bridge", -EEXIST, "eth0, in the container" },
	{ "both", "ip link add zl-4a-0 type bridge", "ip link add eth0 type bridge", -EEXIST,
	  "a bridge that is not ours" },
	{ "host, left over",
	  "ip link add zl-4a-0 type veth peer name other;"
	  "ip link set zl-4a-0 alias 'overlayd 01234567 container db'",
	  "true", 0, "" },
	{ "host, left over before it was named",
	  "ip link add zl-4a-0 group 19088743 type veth peer name other", "true", 0, "" },
	{ "host, of no name and no group of ours",
	  "ip link add zl-4a-0 group 19088742 type veth peer name other; ip link set zl-4a-0 "
	  "addrgenmode none",
	  "true", -EEXIST, "a veth that is not ours" },
};

TEST(names_that_are_taken)
{
	host_enter();
	for (size_t i = 0; i < ARRAY_SIZE(taken); i++) {
		struct linux_net *l = platform_new();
		_cleanup_(freep) char *before = NULL;
		struct link_info link;
		struct guest guest;
		struct pair pair;

		CASE("%s", taken[i].name);
		guest_start(&guest);
		run("%s; %s sh -c '%s'", taken[i].script, IN(&guest), taken[i].inside);
		before = look(&guest);
		pair = pair_of(&guest);
		CHECK_INT(create(l, &pair), taken[i].r);
		CHECK_STR(detail, taken[i].detail);
		if (taken[i].r < 0) {
			CHECK_AS_BEFORE(&guest, before);
		} else {
			CHECK_INT(link_get(l->rtnl, "zl-4a-0", &link), 0);
			CHECK_STR(link.alias, ALIAS);
			CHECK(!succeeds("ip link show other"));
		}
		run("ip link del zl-4a-0 || true");
		linux_net_free(&l->net);
		guest_stop(&guest);
	}
}

/* An earlier daemon counted from somewhere too. */
TEST(a_number_that_is_taken)
{
	_cleanup_(freep) char *before = NULL, *after = NULL;
	struct linux_net *l;
	struct guest guest;
	struct pair pair;

	host_enter();
	l = platform_new();
	guest_start(&guest);
	l->next_index = 5;
	pair = pair_of(&guest);
	CHECK_INT(create(l, &pair), 0);
	CHECK_INT(link_delete(l->rtnl, pair.host), 0);
	run("ip link add here index %d type bridge", pair.index);
	run("%s ip link add there index %d type bridge", IN(&guest), pair.index + 1);
	before = sh("ip -o link show here; %s ip -o link show there", IN(&guest));
	l->next_index = 5;
	CHECK_INT(create(l, &pair), 0);
	after = sh("ip -o link show here; %s ip -o link show there", IN(&guest));
	CHECK_STR(after, before);
	run("ip -o link show zl-4a-0 | grep '^%d:'", pair.index);
	linux_net_free(&l->net);
	guest_stop(&guest);
}

TEST(what_is_done_inside)
{
	struct rtnl_batch b = { .n = 0 };
	struct linux_net *l;
	struct guest guest;
	struct pair pair;

	host_enter();
	l = platform_new();
	guest_start(&guest);
	pair = pair_of(&guest);
	CHECK_INT(create(l, &pair), 0);
	link_put_up(&b, pair.index, NULL);
	CHECK_INT(pair_configure(l, &pair, &b, detail), 0);
	run("%s ip link show eth0 | grep -q ',UP'", IN(&guest));
	link_put_up(&b, 0, "none");
	CHECK_INT(pair_configure(l, &pair, &b, detail), -ENODEV);
	pair.netns = l->rtnl;
	CHECK_INT(pair_configure(l, &pair, &b, detail), -EINVAL);
	linux_net_free(&l->net);
	guest_stop(&guest);
}

TEST(packets_pass_once_both_ends_are_up)
{
	struct rtnl_batch b = { .n = 0 };
	struct linux_net *l;
	struct guest guest;
	struct pair pair;

	host_enter();
	l = platform_new();
	guest_start(&guest);
	pair = pair_of(&guest);
	CHECK_INT(create(l, &pair), 0);
	CHECK_INT(pair_wait(l, &pair), -ETIMEDOUT);
	link_put_up(&b, pair.index, NULL);
	CHECK_INT(pair_configure(l, &pair, &b, NULL), 0);
	CHECK_INT(pair_wait(l, &pair), 0);
	pair_delete(l, &pair.index);
	CHECK_INT(pair_wait(l, &pair), -ENODEV);
	pair_delete(l, &pair.index); /* again is ok */
	linux_net_free(&l->net);
	guest_stop(&guest);
}
