#include "tests/server/linux/host.h"

#define MARK "overlayd 01234567"

struct found {
	struct net_link links[4];
	size_t n;
};

static void take(void *arg, const struct net_link *link)
{
	struct found *found = arg;

	CHECK(found->n < ARRAY_SIZE(found->links));
	found->links[found->n++] = *link;
}

static void check_address(const struct net_link *link, size_t i, const char *ip, uint8_t len)
{
	const struct ovd_ip want = ip_of(ip);

	CHECK(i < link->n_addresses);
	CHECK(ip_eq(&link->addresses[i].ip, &want));
	CHECK_INT(link->addresses[i].prefix_len, len);
}

TEST(bridges_and_others_of_ours_with_their_addresses)
{
	struct found found = { .n = 0 };
	struct linux_net *l;

	host_enter();
	sandbox_needs_tun();
	l = platform_new();
	run("ip link add zl-web-b type bridge; ip link set zl-web-b alias '" MARK
	    " service web' up;"
	    "ip addr add 10.200.4.129/26 dev zl-web-b; ip addr add 10.200.4.193/26 dev zl-web-b;"
	    "ip tuntap add zl-d-1-g mode tun; ip link set zl-d-1-g alias '" MARK
	    " tunnel zl-d-1-g';"
	    "ip addr add fd00::1/64 dev zl-d-1-g nodad; ip addr add fe80::1/64 dev zl-d-1-g nodad;"
	    "ip link add zl-db-b type bridge; ip link set zl-db-b alias 'overlayd 89abcdef service "
	    "db';"
	    "ip link add zl-4a-0 type veth peer name other; ip link set zl-4a-0 alias '" MARK
	    " container web'");
	CHECK_INT(read_links(l, MARK, take, &found), 0);
	CHECK_INT(found.n, 2);
	CHECK_STR(found.links[0].name, "zl-web-b");
	CHECK_STR(found.links[0].alias, MARK " service web");
	CHECK(found.links[0].is_bridge);
	CHECK_INT(found.links[0].n_addresses, 2);
	check_address(&found.links[0], 0, "10.200.4.129", 26);
	check_address(&found.links[0], 1, "10.200.4.193", 26);
	CHECK(!found.links[1].is_bridge);
	CHECK_INT(found.links[1].n_addresses, 1);
	check_address(&found.links[1], 0, "fd00::1", 64);
	linux_net_free(&l->net);
}
