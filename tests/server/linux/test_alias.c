#include <errno.h>
#include <string.h>

#include "server/linux/linux.h"
#include "tests/server/linux/host.h"

static struct net *net_new(void)
{
	static const struct linux_options options = { .control_dir = "/tmp" };
	struct net *net;

	host_enter();
	run("ip link add b0 type bridge; ip link set b0 up");
	CHECK_INT(linux_net_new(&options, &net), 0);
	return net;
}

static struct step step_of(enum step_kind kind, const char *link, const char *ip)
{
	struct step step = { .kind = kind };

	strcat(step.alias.link, link);
	step.alias.ip = ip_of(ip);
	return step;
}

static int do_step(struct net *net, struct step *step)
{
	char detail[PLAN_DETAIL_MAX] = "";

	return net->steps[step->kind].run(net->platform, step, detail);
}

static const struct {
	enum step_kind add, take;
	const char *ip, *there;
} things[] = {
	{ STEP_ALIAS, STEP_ALIAS_DELETE, "10.1.2.3",
	  "ip -o addr show b0 | grep -q ' 10.1.2.3/32 '" },
	{ STEP_ALIAS, STEP_ALIAS_DELETE, "fd00::3",
	  "ip -o addr show b0 | grep -q ' fd00::3/128 '" },
	{ STEP_PROXY, STEP_PROXY_DELETE, "10.1.2.3",
	  "ip neigh show proxy dev b0 | grep -q '^10.1.2.3 '" },
	{ STEP_PROXY, STEP_PROXY_DELETE, "fd00::3",
	  "ip -6 neigh show proxy dev b0 | grep -q '^fd00::3 ' && "
	  "grep -q 1 /proc/sys/net/ipv6/conf/b0/proxy_ndp" },
};

TEST(they_come_and_go)
{
	struct net *net = net_new();

	for (size_t i = 0; i < ARRAY_SIZE(things); i++) {
		struct step add = step_of(things[i].add, "b0", things[i].ip),
			    take = step_of(things[i].take, "b0", things[i].ip),
			    nowhere = step_of(things[i].add, "b9", things[i].ip);

		CASE("%s", things[i].there);
		CHECK_INT(do_step(net, &take), 0); /* the unknown */
		CHECK_INT(do_step(net, &add), 0);
		CHECK(succeeds("%s", things[i].there));
		net->steps[things[i].add].undo(net->platform, &add);
		CHECK(!succeeds("%s", things[i].there));
		CHECK_INT(do_step(net, &add), 0);
		CHECK_INT(do_step(net, &add), 0); /* so already */
		CHECK_INT(do_step(net, &take), 0);
		CHECK(!succeeds("%s", things[i].there));
		CHECK_INT(do_step(net, &nowhere), -ENODEV);
		take = step_of(things[i].take, "b9", things[i].ip);
		CHECK_INT(do_step(net, &take), 0);
	}
	linux_net_free(net);
}

/* Somebody else gave it: undo leaves it. */
TEST(one_that_was_there)
{
	struct net *net = net_new();
	struct step add = step_of(STEP_ALIAS, "b0", "10.1.2.3");

	run("ip addr add 10.1.2.3/32 dev b0");
	CHECK_INT(do_step(net, &add), 0);
	net->steps[STEP_ALIAS].undo(net->platform, &add);
	CHECK(succeeds("%s", things[0].there));
	linux_net_free(net);
}
