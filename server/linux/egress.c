#include "server/linux/egress.h"

#include <string.h>
#include <sys/socket.h>

#include "runtime/util.h"
#include "server/linux/link.h"
#include "server/linux/rtnl.h"
#include "server/linux/sysctl.h"

#define OVERHEAD  80
#define MTU_MOST  1420
#define MTU_LEAST 1280 /* RFC 8200 section 5 */

/* Addresses that are everywhere outside, a.root-servers.net's: www.internic.net/domain/named.root.
 * Nothing is sent there. */
static const struct ovd_ip outside[EGRESS_MAX] = {
	{ .len = 4, .b = { 198, 41, 0, 4 } },
	{ .len = 16, .b = { 0x20, 0x01, 0x05, 0x03, 0xba, 0x3e, [13] = 2, [15] = 0x30 } },
};

static void take_route(void *arg, const struct nlmsghdr *answer)
{
	const struct rtmsg *info = NLMSG_DATA(answer);
	size_t n = RTM_PAYLOAD(answer);
	int *index = arg;

	if (answer->nlmsg_type != RTM_NEWROUTE || info->rtm_type != RTN_UNICAST)
		return;
	for (const struct rtattr *a = RTM_RTA(info); RTA_OK(a, n); a = RTA_NEXT(a, n))
		if (a->rta_type == RTA_OIF)
			memcpy(index, RTA_DATA(a), sizeof(*index));
}

/* The index of the link by which a packet would leave; 0 if it would not. */
static int way_to(int fd, const struct ovd_ip *to)
{
	const struct rtmsg info = { .rtm_family = rtnl_family(to),
				    .rtm_dst_len = (uint8_t)ip_bits(to) };
	struct rtnl_batch b = { .n = 0 };
	int index = 0;

	rtnl_begin(&b, RTM_GETROUTE, 0, &info, sizeof(info));
	rtnl_put_ip(&b, RTA_DST, to);
	return rtnl_ask(fd, &b, take_route, NULL, &index) < 0 ? 0 : index;
}

static bool leads_out(const char *link)
{
	return !link_is_named_ours(link) && strcmp(link, "lo") != 0;
}

static bool has_link(const struct egress *egress, const char *link)
{
	for (size_t i = 0; i < egress->n; i++)
		if (strcmp(egress->links[i], link) == 0)
			return true;
	return false;
}

struct egress egress_find(int fd)
{
	struct egress found = { .n = 0 };
	struct link_info link;

	for (size_t i = 0; i < EGRESS_MAX; i++) {
		int index = way_to(fd, &outside[i]);

		if (!index || !link_name(index, link.name) || !leads_out(link.name) ||
		    has_link(&found, link.name))
			continue;
		memcpy(found.links[found.n++], link.name, LINK_NAME_MAX);
		if (link_get(fd, found.links[found.n - 1], &link) == 0)
			found.mtu = found.mtu ? MIN(found.mtu, link.mtu) : link.mtu;
	}
	return found;
}

int egress_forward(struct store *store, const struct egress *egress)
{
	int first = 0;

	for (size_t i = 0; i < egress->n; i++) {
		int r = sysctl_forward(store, egress->links[i]);

		first = first < 0 ? first : r;
	}
	return first;
}

uint32_t egress_tunnel_mtu(const struct egress *egress)
{
	uint32_t mtu = egress->mtu > OVERHEAD ? egress->mtu - OVERHEAD : MTU_MOST;

	return mtu > MTU_MOST ? MTU_MOST : MAX(mtu, (uint32_t)MTU_LEAST);
}
