#include <fcntl.h>

#include "server/linux/link.h"
#include "tests/server/linux/host.h"

#define ALIAS "overlayd 01234567 container web"

/* A host with a bridge, a platform, and a container whose lo is up: that stays so. */
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

/* On a host_enter()ed host. */
static void scene_init(struct scene *s)
{
	s->l = platform_new();
	guest_start(&s->guest);
	run("ip link add zl-web-b address 02:00:00:00:00:01 type bridge;"
	    "ip link set zl-web-b mtu 1380 addrgenmode none up; %s ip link set lo up",
	    IN(&s->guest));
	s->before = look(&s->guest);
}

static struct step step_of(const struct scene *s, const char *ip, const char *gateway,
			   uint8_t prefix_len)
{
	struct step step = { .kind = STEP_VETH,
			     .veth = { .netns = s->guest.netns,
				       .host = "zl-4a-0",
				       .guest = "eth0",
				       .alias = ALIAS,
				       .bridge = "zl-web-b",
				       .prefix_len = prefix_len } };

	step.veth.ip = ip_of(ip);
	step.veth.gateway = ip_of(gateway);
	return step;
}

TEST(a_container_is_a_port)
{
	_cleanup_(scene_done) struct scene s = { .before = NULL };
	_cleanup_(freep) char *link = NULL, *inside = NULL;
	char detail[PLAN_DETAIL_MAX] = "";
	struct step step;

	host_enter();
	scene_init(&s);
	run("ip addr add 10.200.4.129/26 dev zl-web-b");
	s.before = (free(s.before), look(&s.guest));
	step = step_of(&s, "10.200.4.130", "10.200.4.129", 26);
	CHECK_INT(veth_create(s.l, &step, detail), 0);
	link = sh("ip -d -o link show zl-4a-0");
	CHECK(strstr(link, "master zl-web-b state UP"));
	CHECK(strstr(link, "mtu 1380") && strstr(link, "alias " ALIAS));
	CHECK(strstr(link, "addrgenmode none numtxqueues 1 numrxqueues 1"));
	CHECK(!succeeds("ip -6 route show table all | grep zl-4a-0")); /* the kernel walks them all */
	inside =
		sh("%s sh -c 'ip -o addr show eth0; ip route; ip -d link show eth0'", IN(&s.guest));
	CHECK(strstr(inside, "inet 10.200.4.130/26 scope global eth0"));
	CHECK(!strstr(inside, "inet6"));
	CHECK(strstr(inside, "default via 10.200.4.129 dev eth0 proto static onlink"));
	CHECK(strstr(inside, "mtu 1380") && strstr(inside, "numtxqueues 1 numrxqueues 1"));
	run("ping -q -c 1 -W 5 10.200.4.130");
	veth_undo(s.l, &step);
	CHECK_AS_BEFORE(&s.guest, s.before);
	veth_undo(s.l, &step); /* again is ok */
}

TEST(a_container_with_ip6)
{
	_cleanup_(scene_done) struct scene s = { .before = NULL };
	_cleanup_(freep) char *inside = NULL;
	char detail[PLAN_DETAIL_MAX] = "";
	struct step step;

	host_enter();
	scene_init(&s);
	step = step_of(&s, "fd00::82", "fd00::81", 120);
	CHECK_INT(veth_create(s.l, &step, detail), 0);
	inside = sh("%s sh -c 'ip -6 -o addr show eth0; ip -6 route'", IN(&s.guest));
	CHECK(strstr(inside, "inet6 fd00::82/120 scope global nodad"));
	CHECK(!strstr(inside, "fe80") && !strstr(inside, "tentative"));
	CHECK(strstr(inside, "default via fd00::81 dev eth0 proto static metric 1024 onlink"));
	veth_undo(s.l, &step);
	CHECK_AS_BEFORE(&s.guest, s.before);
}

/* The container brought it up or not: lo works afterwards. */
TEST(lo_is_up)
{
	_cleanup_(scene_done) struct scene s = { .before = NULL };
	char detail[PLAN_DETAIL_MAX] = "";
	struct step step;

	host_enter();
	scene_init(&s);
	run("%s ip link set lo down", IN(&s.guest));
	step = step_of(&s, "10.200.4.130", "10.200.4.129", 26);
	CHECK_INT(veth_create(s.l, &step, detail), 0);
	run("%s ip -o addr show lo | grep -q 127.0.0.1", IN(&s.guest));
}

/* Each fails at another point. */
static const struct {
	const char *name, *script, *inside;
	int r;
} failures[] = {
	{ "no bridge", "ip link set zl-web-b down; ip link set zl-web-b name elsewhere", "true",
	  -ENODEV },
	{ "the host's name", "ip link add zl-4a-0 type bridge", "true", -EEXIST },
	{ "the container's name", "true", "ip link add eth0 type bridge", -EEXIST },
	{ "a default route", "true", "ip route add default dev lo proto static", -EEXIST },
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
		step = step_of(&s, "10.200.4.130", "10.200.4.129", 26);
		CHECK_INT(veth_create(s.l, &step, detail), failures[i].r);
		CHECK_AS_BEFORE(&s.guest, s.before);
		run("for l in zl-web-b elsewhere zl-4a-0; do ip link del $l || true; done");
	}
}

TEST(a_container_that_is_gone)
{
	_cleanup_(scene_done) struct scene s = { .before = NULL };
	_cleanup_(fd_closep) int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
	char detail[PLAN_DETAIL_MAX] = "";
	struct step step;
	struct link_info link;

	host_enter();
	scene_init(&s);
	step = step_of(&s, "10.200.4.130", "10.200.4.129", 26);
	step.veth.netns = null;
	CHECK_INT(veth_create(s.l, &step, detail), -EINVAL);
	CHECK_AS_BEFORE(&s.guest, s.before);
	step.veth.netns = s.guest.netns;
	CHECK_INT(veth_create(s.l, &step, detail), 0);
	guest_stop(&s.guest); /* its namespace goes, and takes both ends along, in the background */
	while (link_get(s.l->rtnl, "zl-4a-0", &link) == 0)
		;
	veth_undo(s.l, &step);
}

/* BR_MAX_PORTS, linux/net/bridge/br_private.h, and number 0 is never given. */
TEST(a_full_bridge)
{
	_cleanup_(scene_done) struct scene s = { .before = NULL };
	char detail[PLAN_DETAIL_MAX] = "";
	struct step step;

	host_enter();
	scene_init(&s);
	run("for i in $(seq 1 512); do echo link add a$i type veth peer name b$i;"
	    "echo link set a$i master zl-web-b;"
	    "[ $i -eq 512 ] || echo link set b$i master zl-web-b; done | ip -batch -");
	s.before = (free(s.before), look(&s.guest));
	step = step_of(&s, "10.200.4.130", "10.200.4.129", 26);
	CHECK_INT(veth_create(s.l, &step, detail), -EXFULL);
	CHECK_AS_BEFORE(&s.guest, s.before);
}

/* Whatever goes wrong, and whoever took the name meanwhile. */
TEST(a_strangers_link_stays)
{
	_cleanup_(scene_done) struct scene s = { .before = NULL };
	_cleanup_(fd_closep) int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
	char detail[PLAN_DETAIL_MAX] = "";
	struct step step;

	host_enter();
	scene_init(&s);
	step = step_of(&s, "10.200.4.130", "10.200.4.129", 26);
	CHECK_INT(veth_create(s.l, &step, detail), 0);
	run("ip link del zl-4a-0; ip link add zl-4a-0 address 02:00:00:00:00:02 type bridge");
	s.before = (free(s.before), look(&s.guest));
	veth_undo(s.l, &step);
	CHECK_AS_BEFORE(&s.guest, s.before);
	step.veth.netns = null;
	CHECK_INT(veth_create(s.l, &step, detail), -EINVAL);
	CHECK_AS_BEFORE(&s.guest, s.before);
	veth_undo(s.l, &step);
	CHECK_AS_BEFORE(&s.guest, s.before);
}
