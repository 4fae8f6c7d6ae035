#include <linux/rtnetlink.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "tests/server/linux/host.h"

static struct step step_of(const char *cidr, const char *link)
{
	struct step step = { .kind = STEP_ROUTE };

	step.route.cidr = cidr_of(cidr);
	snprintf(step.route.link, sizeof(step.route.link), "%s", link);
	return step;
}

static struct linux_net *links(void)
{
	host_enter();
	run("for l in up0 zl-g; do ip link add $l type bridge; ip link set $l addrgenmode none;"
	    "ip link set $l up; done; ip addr add 198.51.100.2/24 dev up0;"
	    "ip addr add fd01::2/64 nodad dev up0;" /* its own route comes a little later */
	    "until ip -6 route show table local | grep -q '^local fd01::2 '; do sleep 0.01; done");
	return platform_new();
}

static const struct {
	const char *name, *script, *cidr;
	int r;
	bool made;
	const char *detail;
} cases[] = {
	{ "fresh", "true", "192.0.2.0/24", 0, true, "" },
	{ "fresh IPv6", "true", "fd02::/64", 0, true, "" },
	{ "ours", "ip route add 192.0.2.0/24 dev zl-g", "192.0.2.0/24", 0, false, "" },
	{ "ours, with host bits", "ip route add 192.0.2.0/24 dev zl-g", "192.0.2.7/24", 0, false,
	  "" },
	{ "ours among many",
	  "ip route add 192.0.2.0/24 dev zl-g; for i in $(seq 0 2 254); do echo route add "
	  "192.0.2.$i/32 dev zl-g; echo route add 192.0.2.$i/31 dev up0; done | ip -batch -",
	  "192.0.2.0/24", 0, false, "" },
	{ "ours, IPv6", "ip route add fd02::/64 dev zl-g", "fd02::/64", 0, false, "" },
	{ "the LAN", "true", "198.51.100.0/24", -EEXIST, false, "another one, through up0" },
	{ "the LAN, IPv6", "ip route add fd02::/64 dev up0 metric 1024", "fd02::/64", -EEXIST,
	  false, "another one, through up0" },
	{ "inside the LAN", "true", "198.51.100.128/25", 0, true, "" },
	{ "a worse one of somebody else's", "ip route add 192.0.2.0/24 dev up0 metric 9",
	  "192.0.2.0/24", 0, true, "" },
	{ "a worse one beside ours",
	  "ip route add 192.0.2.0/24 dev up0 metric 9; ip route add 192.0.2.0/24 dev zl-g",
	  "192.0.2.0/24", 0, false, "" },
	{ "a dead end", "ip route add unreachable 192.0.2.0/24", "192.0.2.0/24", -EEXIST, false,
	  "" },
	{ "another table", "ip route add 192.0.2.0/24 dev up0 table 7", "192.0.2.0/24", 0, true,
	  "" },
};

TEST(a_route_is_ours_or_refused)
{
	struct linux_net *l = links();

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct step step = step_of(cases[i].cidr, "zl-g");
		_cleanup_(freep) char *before = NULL;
		char detail[PLAN_DETAIL_MAX] = "";

		CASE("%s", cases[i].name);
		run("%s", cases[i].script);
		before = look(NULL);
		CHECK_INT(linux_steps[STEP_ROUTE].run(l, &step, detail), cases[i].r);
		CHECK_INT(step.route.made, cases[i].made);
		CHECK_STR(detail, cases[i].detail);
		if (cases[i].r == 0)
			linux_steps[STEP_ROUTE].undo(l, &step);
		CHECK_AS_BEFORE(NULL, before);
		step.route.optional = true;
		CHECK_INT(linux_steps[STEP_ROUTE].run(l, &step, detail), 0);
		CHECK_INT(step.route.made, cases[i].made);
		linux_steps[STEP_ROUTE].undo(l, &step);
		CHECK_AS_BEFORE(NULL, before);
		run("ip route flush 192.0.2.0/24 table 7 || true; ip route flush root 192.0.2.0/24;"
		    "ip -6 route flush root fd02::/64; true");
	}
	linux_net_free(&l->net);
}

static size_t n_dumps;

/* Instead of the C library's. */
ssize_t send(int fd, const void *bytes, size_t n, int flags)
{
	const struct nlmsghdr *head = bytes;

	n_dumps += n >= sizeof(*head) && (head->nlmsg_flags & NLM_F_DUMP) == NLM_F_DUMP &&
		   head->nlmsg_type == RTM_GETROUTE;
	return syscall(SYS_sendto, fd, bytes, n, flags, NULL, 0);
}

static const struct {
	const char *name, *cidr;
	int r;
	size_t n_dumps;
} lookups[] = {
	{ "ours", "192.0.2.0/24", 0, 0 },
	{ "a host's", "203.0.113.7/32", 0, 0 },
	{ "ours, IPv6", "fd02::/64", 0, 0 },
	{ "ours behind a longer one", "198.18.0.0/24", 0, 1 },
	{ "ours behind a rule", "198.19.0.0/24", 0, 1 },
	{ "not there, inside one of ours", "192.0.2.0/25", 0, 0 },
	{ "somebody else's", "198.51.100.0/24", -EEXIST, 1 },
};

/* With 10,000 routes a dump for each would take seconds. */
TEST(what_is_there_is_looked_up)
{
	struct linux_net *l = links();

	run("for to in 192.0.2.0/24 203.0.113.7 198.18.0.0/24 198.18.0.0/25 198.19.0.0/24; do "
	    "ip route add $to dev zl-g; done; ip -6 route add fd02::/64 dev zl-g;"
	    "ip route add 198.19.0.0/24 dev zl-g table 7; ip rule add to 198.19.0.0/24 table 7");
	for (size_t i = 0; i < ARRAY_SIZE(lookups); i++) {
		struct step step = step_of(lookups[i].cidr, "zl-g");
		char detail[PLAN_DETAIL_MAX] = "";

		CASE("%s", lookups[i].name);
		n_dumps = 0;
		CHECK_INT(linux_steps[STEP_ROUTE].run(l, &step, detail), lookups[i].r);
		CHECK_INT(n_dumps, lookups[i].n_dumps);
		linux_steps[STEP_ROUTE].undo(l, &step);
	}
	linux_net_free(&l->net);
}

TEST(deletion)
{
	struct step step = step_of("192.0.2.0/24", "zl-g");
	char detail[PLAN_DETAIL_MAX] = "";
	struct linux_net *l = links();

	run("ip route add 192.0.2.0/24 dev up0");
	CHECK_INT(linux_steps[STEP_ROUTE_DELETE].run(l, &step, detail), 0);
	CHECK(!step.route.made);
	run("ip route show 192.0.2.0/24 | grep up0"); /* somebody else's stays */
	run("ip route replace 192.0.2.0/24 dev zl-g proto static");
	CHECK_INT(linux_steps[STEP_ROUTE_DELETE].run(l, &step, detail), 0);
	CHECK(step.route.made);
	CHECK(!succeeds("ip route show 192.0.2.0/24 | grep ."));
	linux_steps[STEP_ROUTE_DELETE].undo(l, &step);
	run("ip route show 192.0.2.0/24 | grep zl-g");
	linux_net_free(&l->net);
}

/* What a daemon that died left on its tunnel. */
TEST(what_nobody_wants_goes)
{
	const struct ovd_cidr some[] = { cidr_of("192.0.2.7/24"), cidr_of("fd02::/64") },
			      more = cidr_of("203.0.113.0/25");
	const struct tunnel_peer peers[] = { { .allowed = some, .n_allowed = 2 },
					     { .n_allowed = 0 },
					     { .allowed = &more, .n_allowed = 1 } };
	_cleanup_(freep) char *before = NULL;
	char detail[PLAN_DETAIL_MAX] = "";
	struct linux_net *l = links();
	const char *ours = "proto static scope link src 198.51.100.2";

	run("ip addr add 10.200.4.1/16 dev zl-g;"
	    "ip route add 192.0.2.0/24 dev zl-g %s; ip route add 203.0.113.0/25 dev zl-g %s;"
	    "ip -6 route add fd02::/64 dev zl-g proto static;"
	    "ip route add 192.0.2.128/25 dev up0 proto static;" /* another link's, */
	    "ip route add 192.0.2.0/25 dev zl-g;"               /* by hand, not as ours are, */
	    "ip route add 198.18.0.0/16 via 10.200.4.9 dev zl-g proto static;"
	    "ip route add 198.18.0.0/24 dev zl-g proto static table 7",
	    ours, ours);
	before = look(NULL);
	run("ip route add 203.0.113.0/24 dev zl-g %s; ip route add 203.0.113.128/25 dev zl-g %s;"
	    "ip -6 route add fd02::/65 dev zl-g proto static",
	    ours, ours);
	CHECK_INT(route_delete_unwanted(l, "zl-g", peers, 3, detail), 0);
	CHECK_STR(detail, "");
	CHECK_AS_BEFORE(NULL, before);
	CHECK_INT(route_delete_unwanted(l, "zl-none", peers, 3, detail), -ENODEV);
	linux_net_free(&l->net);
}
