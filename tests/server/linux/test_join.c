#include <fcntl.h>

#include "server/linux/link.h"
#include "tests/server/linux/host.h"

#define ALIAS "overlayd 01234567 container web"

/* A container whose lo is up: that stays so. */
struct scene {
	struct linux_net *l;
	struct guest guest;
	char *before;
};

static void scene_done(struct scene *s)
{
	linux_net_free(&s->l->net);
	guest_stop(&s->guest);
	free(s->before);
}

static void scene_init(struct scene *s)
{
	s->l = platform_new();
	s->l->mtu = 1380;
	guest_start(&s->guest);
	run("%s ip link set lo up", IN(&s->guest));
	s->before = look(&s->guest);
}

static struct step step_of(const struct scene *s, const char *ip, const char *node,
			   const char *block)
{
	struct step step = { .kind = STEP_JOIN,
			     .join = { .netns = s->guest.netns,
				       .host = "zl-4a-1",
				       .guest = "eth1",
				       .alias = ALIAS } };

	step.join.ip = ip_of(ip);
	step.join.node_ip = ip_of(node);
	step.join.block = cidr_of(block);
	return step;
}

static struct step step4_of(const struct scene *s)
{
	return step_of(s, "10.200.4.2", "10.200.4.1", "10.200.4.0/26");
}

TEST(a_second_interface)
{
	_cleanup_(scene_done) struct scene s = { .before = NULL };
	_cleanup_(freep) char *host = NULL, *inside = NULL;
	char detail[PLAN_DETAIL_MAX] = "";
	struct step step;

	host_enter();
	scene_init(&s);
	step = step4_of(&s);
	CHECK_INT(join_create(s.l, &step, detail), 0);
	host = sh("ip -d -o link show zl-4a-1; ip -o addr show zl-4a-1; ip route;"
		  "sysctl net.ipv4.conf.zl-4a-1.forwarding net.ipv4.ip_forward");
	CHECK(strstr(host, "mtu 1380") && strstr(host, "alias " ALIAS) && strstr(host, "state UP"));
	CHECK(strstr(host, "inet 10.200.4.1/32 scope global zl-4a-1") && !strstr(host, "inet6"));
	CHECK(strstr(host, "10.200.4.2 dev zl-4a-1 proto static scope link src 10.200.4.1"));
	CHECK(strstr(host, "zl-4a-1.forwarding = 1") && strstr(host, "ip_forward = 0"));
	inside = sh("%s sh -c 'ip -o addr show eth1; ip route; ip route show table 200; ip rule'",
		    IN(&s.guest));
	CHECK(strstr(inside, "inet 10.200.4.2/32 scope global eth1"));
	CHECK(strstr(inside, "10.200.4.1 dev eth1 proto static scope link"));
	CHECK(strstr(inside, "10.200.4.0/26 via 10.200.4.1 dev eth1 proto static onlink"));
	CHECK(strstr(inside, "default via 10.200.4.1 dev eth1 proto static onlink"));
	CHECK(strstr(inside, "1000:\tfrom 10.200.4.2 lookup 200"));
	run("ping -q -c 1 -W 5 10.200.4.2");
	join_undo(s.l, &step);
	CHECK_AS_BEFORE(&s.guest, s.before);
	join_undo(s.l, &step); /* again is ok */
}

TEST(a_second_interface_with_ip6)
{
	_cleanup_(scene_done) struct scene s = { .before = NULL };
	_cleanup_(freep) char *host = NULL, *inside = NULL;
	char detail[PLAN_DETAIL_MAX] = "";
	struct step step;

	host_enter();
	scene_init(&s);
	step = step_of(&s, "fd00::2", "fd00::1", "fd00::/120");
	CHECK_INT(join_create(s.l, &step, detail), 0);
	host = sh("ip -6 -o addr show zl-4a-1; ip -6 route");
	CHECK(strstr(host, "fd00::1/128") && strstr(host, "fe80::1/64"));
	CHECK(strstr(host, "fd00::2 dev zl-4a-1 proto static src fd00::1"));
	inside = sh("%s sh -c 'ip -6 -o addr show eth1; ip -6 route; ip -6 rule'", IN(&s.guest));
	CHECK(strstr(inside, "fd00::2/128") && !strstr(inside, "fe80::"));
	CHECK(strstr(inside, "fd00::/120 via fd00::1 dev eth1"));
	CHECK(strstr(inside, "1000:\tfrom fd00::2 lookup 200"));
	run("ping -q -c 1 -W 5 fd00::2");
	join_undo(s.l, &step);
	CHECK_AS_BEFORE(&s.guest, s.before);
}

/* Each fails at another point. */
static const struct {
	const char *name, *script, *inside;
	int r;
} failures[] = {
	{ "the host's name", "ip link add zl-4a-1 type bridge", "true", -EEXIST },
	{ "the container's name", "true", "ip link add eth1 type bridge", -EEXIST },
	{ "a route on the host", "ip route add 10.200.4.2 dev lo", "true", -EEXIST },
	{ "a route in the container", "true", "ip route add 10.200.4.0/26 dev lo", -EEXIST },
	{ "no forwarding", "mount --bind /proc/sys /proc/sys && mount -o remount,ro,bind /proc/sys",
	  "true", -EROFS },
};

TEST(a_failure_leaves_nothing)
{
	host_enter();
	for (size_t i = 0; i < ARRAY_SIZE(failures); i++) {
		_cleanup_(scene_done) struct scene s = { .before = NULL };
		char detail[PLAN_DETAIL_MAX] = "";
		struct step step;

		CASE("%s", failures[i].name);
		scene_init(&s);
		run("%s; %s %s", failures[i].script, IN(&s.guest), failures[i].inside);
		s.before = (free(s.before), look(&s.guest));
		step = step4_of(&s);
		CHECK_INT(join_create(s.l, &step, detail), failures[i].r);
		CHECK_AS_BEFORE(&s.guest, s.before);
		run("ip link del zl-4a-1 || ip route del 10.200.4.2 || true");
	}
}

/* A container that was cut keeps its rule, as nobody goes in there any more, and comes back with
 * the same address. */
TEST(cut_and_joined_again)
{
	_cleanup_(scene_done) struct scene s = { .before = NULL };
	_cleanup_(freep) char *rules = NULL;
	struct step cut = { .kind = STEP_CUT, .cut = { .host = { "zl-4a-1" } } }, step;
	char detail[PLAN_DETAIL_MAX] = "";

	host_enter();
	scene_init(&s);
	step = step4_of(&s);
	for (int i = 0; i < 3; i++) {
		CASE("time %d", i);
		CHECK_INT(join_create(s.l, &step, detail), 0);
		run("ping -q -c 1 -W 5 10.200.4.2");
		CHECK_INT(cut_run(s.l, &cut, detail), 0);
	}
	step = step_of(&s, "10.200.4.3", "10.200.4.1", "10.200.4.0/26");
	CHECK_INT(join_create(s.l, &step, detail), 0);
	rules = sh("%s ip rule | grep 'lookup 200'", IN(&s.guest));
	CHECK_STR(rules, "1000:\tfrom 10.200.4.3 lookup 200\n");
}

TEST(a_strangers_link_stays)
{
	_cleanup_(scene_done) struct scene s = { .before = NULL };
	_cleanup_(fd_closep) int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
	char detail[PLAN_DETAIL_MAX] = "";
	struct step step;

	host_enter();
	scene_init(&s);
	step = step4_of(&s);
	CHECK_INT(join_create(s.l, &step, detail), 0);
	run("ip link del zl-4a-1; ip link add zl-4a-1 address 02:00:00:00:00:02 type bridge");
	run("%s ip rule del table 200", IN(&s.guest));
	s.before = (free(s.before), look(&s.guest));
	join_undo(s.l, &step);
	CHECK_AS_BEFORE(&s.guest, s.before);
	step.join.netns = null;
	CHECK_INT(join_create(s.l, &step, detail), -EINVAL);
	CHECK_AS_BEFORE(&s.guest, s.before);
}
