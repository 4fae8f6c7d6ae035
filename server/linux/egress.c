#include "server/linux/egress.h"

#include <errno.h>
#include <net/if.h>
#include <netlink/route/link.h>
#include <netlink/route/nexthop.h>
#include <netlink/route/route.h>
#include <stdio.h>
#include <string.h>

#include "runtime/util.h"

#define OUR_PREFIX "zl-"
#define OVERHEAD   80
#define MTU_MOST   1420
#define MTU_LEAST  1280 /* RFC 8200 section 5 */

struct search {
	int family;
	uint32_t metric;
	char link[LINK_NAME_MAX];
};

static void look_at_hop(struct rtnl_nexthop *hop, void *arg)
{
	struct search *search = arg;
	char name[IF_NAMESIZE];

	if (search->link[0] || !if_indextoname((unsigned)rtnl_route_nh_get_ifindex(hop), name))
		return;
	if (strncmp(name, OUR_PREFIX, strlen(OUR_PREFIX)) != 0 && strcmp(name, "lo") != 0)
		snprintf(search->link, sizeof(search->link), "%s", name);
}

static void look_at_route(struct nl_object *object, void *arg)
{
	struct rtnl_route *route = (struct rtnl_route *)object;
	struct search *best = arg,
		      found = { .family = best->family, .metric = rtnl_route_get_priority(route) };

	if (rtnl_route_get_family(route) != best->family ||
	    rtnl_route_get_table(route) != RT_TABLE_MAIN ||
	    nl_addr_get_prefixlen(rtnl_route_get_dst(route)) != 0 ||
	    rtnl_route_get_type(route) != RTN_UNICAST)
		return;
	rtnl_route_foreach_nexthop(route, look_at_hop, &found);
	if (found.link[0] && (!best->link[0] || found.metric < best->metric))
		*best = found;
}

static uint32_t mtu_of(struct nl_sock *sock, const char *name)
{
	struct rtnl_link *link;
	uint32_t mtu;

	if (rtnl_link_get_kernel(sock, 0, name, &link) < 0)
		return 0;
	mtu = rtnl_link_get_mtu(link);
	rtnl_link_put(link);
	return mtu;
}

int egress_find(struct nl_sock *sock, struct egress *ret)
{
	static const int families[] = { AF_INET, AF_INET6 };
	struct search search = { .link = "" };

	for (size_t i = 0; i < ARRAY_SIZE(families) && !search.link[0]; i++) {
		struct nl_cache *routes;

		if (rtnl_route_alloc_cache(sock, families[i], 0, &routes) < 0)
			return -EIO;
		search = (struct search){ .family = families[i] };
		nl_cache_foreach(routes, look_at_route, &search);
		nl_cache_free(routes);
	}
	*ret = (struct egress){ .mtu = 0 };
	memcpy(ret->link, search.link, sizeof(ret->link));
	if (ret->link[0])
		ret->mtu = mtu_of(sock, ret->link);
	return 0;
}

uint32_t egress_tunnel_mtu(const struct egress *egress)
{
	uint32_t mtu = egress->mtu > OVERHEAD ? egress->mtu - OVERHEAD : MTU_MOST;

	return mtu > MTU_MOST ? MTU_MOST : MAX(mtu, (uint32_t)MTU_LEAST);
}
