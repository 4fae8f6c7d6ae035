#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/server/linux/tunnel_step.h"

TEST(a_tunnel)
{
	struct linux_net *l = host_with_platform();
	struct step step = step_of("10.200.4.1", 7003),
		    gone = { .kind = STEP_TUNNEL_DELETE,
			     .tunnel_delete = { .link = NAME, .alias = ALIAS } };
	const struct tunnel_peer peer = { .key = { { 5 } } };
	_cleanup_(freep) char *before = NULL, *text = NULL;
	char detail[PLAN_DETAIL_MAX] = "";

	run("ip link add up0 type bridge; ip link set up0 addrgenmode none;ip link set up0 mtu "
	    "1400 up;"
	    "ip route add default dev up0");
	before = look(NULL);
	CHECK_INT(tunnel_delete(l, &gone, detail), 0); /* unknown is ok */
	step.tunnel.peers = &peer;
	step.tunnel.n_peers = 1;
	CHECK_INT(tunnel_create(l, &step, detail), 0);
	CHECK(step.tunnel.made);
	CHECK_INT(step.tunnel.mtu, 1320);
	text = sh("ip -d -o link show " NAME "; ip -o addr show " NAME "; ss -Hlun;"
		  "cat /proc/sys/net/ipv4/conf/*/forwarding | tr -d '\\n'");
	CHECK(strstr(text, "mtu 1320") && strstr(text, "alias " ALIAS) && strstr(text, ",UP"));
	CHECK(strstr(text, "inet 10.200.4.1/16 scope global " NAME) && !strstr(text, "inet6"));
	CHECK(strstr(text, ":7003"));
	run("grep 1 /proc/sys/net/ipv4/conf/" NAME "/forwarding;"
	    "grep 1 /proc/sys/net/ipv4/conf/up0/forwarding; grep 0 /proc/sys/net/ipv4/ip_forward");
	CHECK_INT(port_of(l), 7003);
	CHECK_INT(peer_count_of(l), 1);
	tunnel_undo(l, &step);
	CHECK_AS_BEFORE(NULL, before);
	CHECK_INT(tunnel_create(l, &step, detail), 0);
	CHECK_INT(tunnel_delete(l, &gone, detail), 0);
	CHECK_AS_BEFORE(NULL, before);
	linux_net_free(&l->net);
}

/* Of an earlier daemon, or of this one. */
TEST(one_that_is_there_is_changed_and_put_back)
{
	struct linux_net *l = host_with_platform();
	struct step first = step_of("10.200.4.1", 0), next = step_of("10.200.5.1", 7004);
	_cleanup_(freep) char *before = NULL;
	const struct tunnel_peer peer = { .key = { { 5 } } };
	char detail[PLAN_DETAIL_MAX] = "";
	uint16_t port;

	first.tunnel.peers = &peer;
	first.tunnel.n_peers = 1;
	CHECK_INT(tunnel_create(l, &first, detail), 0);
	port = port_of(l);
	CHECK(port > 0);
	before = look(NULL);
	CHECK_INT(tunnel_create(l, &first, detail), 0); /* port 0: the one that it has */
	CHECK(!first.tunnel.made);
	CHECK_AS_BEFORE(NULL, before);
	next.tunnel.has_was = true;
	next.tunnel.was = want_of("10.200.4.1", port);
	CHECK_INT(tunnel_create(l, &next, detail), 0);
	CHECK(!next.tunnel.made);
	CHECK_INT(port_of(l), 7004);
	CHECK_INT(peer_count_of(l), 1); /* one that isn't named stays */
	run("ip -4 -o addr show " NAME " | grep 10.200.5.1/16;"
	    "! ip -4 -o addr show " NAME " | grep 10.200.4.1");
	tunnel_undo(l, &next);
	CHECK_INT(peer_count_of(l), 1);
	CHECK_AS_BEFORE(NULL, before);
	CHECK_INT(wg_delete(l->wg, NAME), 0);
	linux_net_free(&l->net);
}

/* Its address, and with it the route to the cluster. */
TEST(another_family)
{
	struct linux_net *l = host_with_platform();
	struct step four = step_of("10.200.4.1", 7007), six = step_of("fd00:200:0:4::1", 7007);
	_cleanup_(freep) char *before = NULL, *text = NULL;
	char detail[PLAN_DETAIL_MAX] = "";

	CHECK_INT(tunnel_create(l, &four, detail), 0);
	before = look(NULL);
	six.tunnel.has_was = true;
	six.tunnel.was = four.tunnel.want;
	six.tunnel.want.prefix_len = 48;
	six.tunnel.want.block = cidr_of("fd00:200:0:4::/120");
	CHECK_INT(tunnel_create(l, &six, detail), 0);
	text = sh("ip -o addr show " NAME "; ip route");
	CHECK(strstr(text, "inet6 fd00:200:0:4::1/48") && !strstr(text, "10.200."));
	tunnel_undo(l, &six);
	CHECK_AS_BEFORE(NULL, before);
	CHECK_INT(wg_delete(l->wg, NAME), 0);
	linux_net_free(&l->net);
}

/* The peers of a daemon that died stay until somebody removes them; their routes would stay after
 * that. */
TEST(routes_of_an_earlier_life)
{
	static const char add[] =
		"ip route add 203.0.113.0/24 dev " NAME " proto static scope link;"
		"ip route add 192.0.2.0/24 dev " NAME " proto static scope link";
	struct linux_net *l = host_with_platform();
	struct step step = step_of("10.200.4.1", 7008);
	const struct ovd_cidr wanted = cidr_of("192.0.2.0/24");
	const struct tunnel_peer peer = { .key = { { 5 } }, .allowed = &wanted, .n_allowed = 1 };
	_cleanup_(freep) char *after = NULL, *later = NULL;
	char detail[PLAN_DETAIL_MAX] = "";

	step.tunnel.peers = &peer;
	step.tunnel.n_peers = 1;
	CHECK_INT(tunnel_create(l, &step, detail), 0);
	run("%s", add);
	CHECK_INT(tunnel_create(l, &step, detail), 0);
	after = sh("ip route show proto static");
	CHECK_STR(after, "192.0.2.0/24 dev " NAME " scope link \n");
	run("ip route del 192.0.2.0/24; %s", add);
	step.tunnel.has_was = true; /* of this daemon: it knows what it has made */
	step.tunnel.was = step.tunnel.want;
	CHECK_INT(tunnel_create(l, &step, detail), 0);
	later = sh("ip route show proto static");
	CHECK(strstr(later, "203.0.113.0/24") && strstr(later, "192.0.2.0/24"));
	CHECK_INT(wg_delete(l->wg, NAME), 0);
	linux_net_free(&l->net);
}

static const struct {
	const char *name, *script;
	int r;
	const char *detail;
} failures[] = {
	{ "a stranger's bridge", "ip link add " NAME " type bridge", -EEXIST,
	  "a bridge that is not ours" },
	{ "another node's tunnel",
	  "ip tuntap add " NAME " mode tun; ip link set " NAME
	  " alias 'overlayd 89abcdef tunnel x'",
	  -EEXIST, "a tun that is not ours" },
	{ "our alias, and nobody serves it",
	  "ip tuntap add " NAME " mode tun; ip link set " NAME " alias '" ALIAS "'", -EEXIST, "" },
	{ "no forwarding", "mount --bind /proc/sys /proc/sys; mount -o remount,ro,bind /proc/sys",
	  -EROFS, "" },
};

TEST(a_failure_leaves_nothing)
{
	struct linux_net *l = host_with_platform();

	for (size_t i = 0; i < ARRAY_SIZE(failures); i++) {
		struct step step = step_of("10.200.4.1", 7005);
		_cleanup_(freep) char *before = NULL;
		char detail[PLAN_DETAIL_MAX] = "";

		CASE("%s", failures[i].name);
		run("%s", failures[i].script);
		before = look(NULL);
		CHECK_INT(tunnel_create(l, &step, detail), failures[i].r);
		CHECK_STR(detail, failures[i].detail);
		CHECK_AS_BEFORE(NULL, before);
		run("ip link del " NAME " || true");
	}
	linux_net_free(&l->net);
}

static const struct {
	const char *name, *script;
	int r, of_kernel;
} as_made[] = {
	{ "as it was made", "true", 0, 0 },
	{ "up", "ip link set " NAME " up", -EEXIST, 0 },
	{ "with an address", "ip addr add 192.0.2.1/24 dev " NAME, -EEXIST, 0 },
	{ "with an alias", "ip link set " NAME " alias mine", -EEXIST, -EEXIST },
};

/* By a daemon that died before it gave it our alias. The kernel's is in our group from the
 * beginning. */
TEST(a_device_that_has_no_alias_yet)
{
	struct linux_net *l = host_with_platform();
	char detail[PLAN_DETAIL_MAX] = "";

	for (size_t i = 0; i < ARRAY_SIZE(as_made); i++) {
		struct step step = step_of("10.200.4.1", 7009);
		bool made;
		int r;

		CASE("%s", as_made[i].name);
		CHECK_INT(wg_make(l->wg, NAME, ALIAS, &made), 0);
		run("%s", as_made[i].script);
		r = kernel_has_wireguard() ? as_made[i].of_kernel : as_made[i].r;
		CHECK_INT(tunnel_create(l, &step, detail), r);
		CHECK(!step.tunnel.made);
		if (r == 0)
			run("ip -o link show " NAME " | grep 'UP.*alias " ALIAS "'");
		CHECK_INT(wg_delete(l->wg, NAME), 0);
	}
	linux_net_free(&l->net);
}

TEST(a_strangers_link_is_not_deleted)
{
	struct linux_net *l = host_with_platform();
	struct step gone = { .kind = STEP_TUNNEL_DELETE,
			     .tunnel_delete = { .link = NAME, .alias = ALIAS } };
	_cleanup_(freep) char *before = NULL;
	char detail[PLAN_DETAIL_MAX] = "";

	run("ip link add " NAME " type bridge");
	before = look(NULL);
	CHECK_INT(tunnel_delete(l, &gone, detail), -EPERM);
	CHECK_STR(detail, "a bridge that is not ours");
	CHECK_AS_BEFORE(NULL, before);
	linux_net_free(&l->net);
}

TEST(neither_kernel_nor_program)
{
	struct linux_net *l = host_with_platform();
	struct step step = step_of("10.200.4.1", 7006);
	_cleanup_(freep) char *before = NULL, *path = NULL;
	char detail[PLAN_DETAIL_MAX] = "";

	if (kernel_has_wireguard())
		SKIP("this kernel has a WireGuard of its own");
	before = look(NULL);
	path = strdup(getenv("PATH"));
	CHECK_INT(setenv("PATH", "/run/nowhere", 1), 0);
	CHECK_INT(tunnel_create(l, &step, detail), -ENOENT);
	CHECK_INT(setenv("PATH", path, 1), 0);
	CHECK_STR(detail, "the kernel has no WireGuard, and there is no wireguard-go");
	CHECK_AS_BEFORE(NULL, before);
	linux_net_free(&l->net);
}

static const struct {
	const char *name, *script;
	int r;
	const char *detail;
} occupied[] = {
	{ "the node's address", "ip addr add 10.200.4.1/32 dev s0", -EADDRINUSE,
	  "the host has the address 10.200.4.1" },
	{ "a container's, some day", "ip addr add 10.200.4.62/24 dev s0", -EADDRINUSE,
	  "the host has the address 10.200.4.62" },
	{ "behind the block", "ip addr add 10.200.4.64/24 dev s0", 0, "" },
	{ "a container of ours",
	  "ip link set s0 alias '" MARK " container web';"
	  "ip addr add 10.200.4.1/32 dev s0",
	  0, "" },
	{ "a container of another node's",
	  "ip link set s0 alias 'overlayd 89abcdef container web';"
	  "ip addr add 10.200.4.1/32 dev s0",
	  -EADDRINUSE, "the host has the address 10.200.4.1" },
	{ "a bridge of ours",
	  "ip link add b0 type bridge; ip link set b0 alias '" MARK " service web';"
	  "ip addr add 10.200.4.33/27 dev b0",
	  -EADDRINUSE, "the host has the address 10.200.4.33" },
	{ "one of ours hides no other",
	  "ip link add b0 type bridge;"
	  "ip addr add 10.200.4.2/32 dev b0; ip link set s0 alias '" MARK " container web';"
	  "ip addr add 10.200.4.1/32 dev s0",
	  -EADDRINUSE, "the host has the address 10.200.4.2" },
};

TEST(a_block_in_which_the_host_has_an_address)
{
	struct linux_net *l = host_with_platform();

	for (size_t i = 0; i < ARRAY_SIZE(occupied); i++) {
		struct step step = step_of("10.200.4.1", 7007);
		_cleanup_(freep) char *before = NULL;
		char detail[PLAN_DETAIL_MAX] = "";

		CASE("%s", occupied[i].name);
		run("ip link add s0 type veth peer name s1; %s", occupied[i].script);
		before = look(NULL);
		CHECK_INT(tunnel_create(l, &step, detail), occupied[i].r);
		CHECK_STR(detail, occupied[i].detail);
		CHECK(!step.tunnel.port_taken);
		if (occupied[i].r == 0)
			tunnel_undo(l, &step);
		CHECK_AS_BEFORE(NULL, before);
		run("ip link del s0; ip link del b0 || true");
	}
	linux_net_free(&l->net);
}

TEST(a_port_that_somebody_has)
{
	struct linux_net *l = host_with_platform();
	_cleanup_(fd_closep) int taken = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	const struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons(7010) };
	struct step step = step_of("10.200.4.1", 7010);
	_cleanup_(freep) char *before = NULL;
	char detail[PLAN_DETAIL_MAX] = "";

	CHECK_INT(bind(taken, (const struct sockaddr *)&address, sizeof(address)), 0);
	before = look(NULL);
	for (int i = 0; i < 10; i++) {
		CHECK_INT(tunnel_create(l, &step, detail), -EADDRINUSE);
		CHECK(step.tunnel.port_taken);
		CHECK_AS_BEFORE(NULL, before);
	}
	linux_net_free(&l->net);
}

/* Its own address is in no way; one that comes later is no reason to fail what stands. */
TEST(a_tunnel_that_stands_is_asked_for_a_new_block_only)
{
	struct linux_net *l = host_with_platform();
	struct step step = step_of("10.200.4.1", 7008), next = step_of("10.200.5.1", 7008);
	_cleanup_(freep) char *before = NULL;
	char detail[PLAN_DETAIL_MAX] = "";

	CHECK_INT(tunnel_create(l, &step, detail), 0);
	CHECK_INT(tunnel_create(l, &step, detail), 0); /* as after a restart */
	run("ip link add s0 type bridge; ip addr add 10.200.4.9/32 dev s0;"
	    "ip addr add 10.200.5.9/32 dev s0");
	before = look(NULL);
	CHECK_INT(tunnel_create(l, &step, detail), -EADDRINUSE);
	step.tunnel.has_was = next.tunnel.has_was = true;
	step.tunnel.was = next.tunnel.was = step.tunnel.want;
	detail[0] = '\0';
	CHECK_INT(tunnel_create(l, &step, detail), 0);
	CHECK_INT(tunnel_create(l, &next, detail), -EADDRINUSE);
	CHECK_STR(detail, "the host has the address 10.200.5.9");
	CHECK_AS_BEFORE(NULL, before);
	CHECK_INT(wg_delete(l->wg, NAME), 0);
	CHECK_INT(tunnel_create(l, &step, detail), -EADDRINUSE); /* it vanished */
	CHECK_STR(detail, "the host has the address 10.200.4.9");
	linux_net_free(&l->net);
}
