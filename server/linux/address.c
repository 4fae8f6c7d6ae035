#include "server/linux/address.h"

#include <errno.h>
#include <linux/fib_rules.h>
#include <linux/if_addr.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "runtime/util.h"
#include "server/engine/plan.h"
#include "server/linux/link.h"

#define PROTOCOL      RTPROT_STATIC
#define RULE_FIRST    1000 /* before the main table's rule, 32766 */
#define ADDRESSES_MAX 48   /* so many go into a batch */

static void put_address(struct rtnl_batch *b, uint16_t type, uint16_t flags, int index,
			const struct ovd_ip *ip, uint8_t prefix_len)
{
	const struct ifaddrmsg info = {
		.ifa_family = rtnl_family(ip),
		.ifa_prefixlen = prefix_len,
		.ifa_index = (unsigned)index,
	};

	rtnl_begin(b, type, flags, &info, sizeof(info));
	rtnl_put_ip(b, IFA_LOCAL, ip);
	rtnl_put_ip(b, IFA_ADDRESS, ip);
	rtnl_put_u32(b, IFA_FLAGS, ip->len == 16 ? IFA_F_NODAD : 0);
}

void address_put(struct rtnl_batch *b, int index, const struct ovd_ip *ip, uint8_t prefix_len)
{
	put_address(b, RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL, index, ip, prefix_len);
}

void address_put_link_local(struct rtnl_batch *b, int index)
{
	const struct ovd_ip local = { .len = 16, .b = { 0xfe, 0x80, [15] = 1 } };

	address_put(b, index, &local, 64);
}

static void put_route(struct rtnl_batch *b, uint16_t type, uint16_t flags,
		      const struct route *route)
{
	const struct rtmsg info = {
		.rtm_family = rtnl_family(&route->to.ip),
		.rtm_dst_len = route->to.prefix_len,
		.rtm_table = route->table,
		.rtm_protocol = PROTOCOL,
		.rtm_scope = route->scope,
		.rtm_type = RTN_UNICAST,
		.rtm_flags = route->gateway.len ? RTNH_F_ONLINK : 0,
	};

	rtnl_begin(b, type, flags, &info, sizeof(info));
	if (route->to.prefix_len > 0)
		rtnl_put_ip(b, RTA_DST, &route->to.ip);
	if (route->gateway.len)
		rtnl_put_ip(b, RTA_GATEWAY, &route->gateway);
	if (route->source.len)
		rtnl_put_ip(b, RTA_PREFSRC, &route->source);
	rtnl_put_u32(b, RTA_OIF, (uint32_t)route->index);
}

void route_put(struct rtnl_batch *b, const struct route *route)
{
	put_route(b, RTM_NEWROUTE, NLM_F_CREATE | NLM_F_EXCL, route);
}

void route_put_delete(struct rtnl_batch *b, const struct route *route)
{
	put_route(b, RTM_DELROUTE, 0, route);
}

void rule_put_from(struct rtnl_batch *b, const struct ovd_ip *from, uint8_t table)
{
	const struct fib_rule_hdr rule = {
		.family = rtnl_family(from),
		.src_len = (uint8_t)ip_bits(from),
		.table = table,
		.action = FR_ACT_TO_TBL,
	};

	rtnl_begin(b, RTM_NEWRULE, NLM_F_CREATE | NLM_F_EXCL, &rule, sizeof(rule));
	rtnl_put_ip(b, FRA_SRC, from);
	rtnl_put_u32(b, FRA_PRIORITY, RULE_FIRST);
}

void rule_put_delete(struct rtnl_batch *b, uint8_t family, uint8_t table)
{
	const struct fib_rule_hdr rule = { .family = family, .table = table };

	rtnl_begin(b, RTM_DELRULE, 0, &rule, sizeof(rule));
	rtnl_put_u32(b, FRA_PRIORITY, RULE_FIRST);
}

/* ---- what a link has ---- */

struct addresses {
	int index;
	const struct ovd_cidr *want; /* not networks: the address itself with its prefix length */
	size_t n_want;
	bool there[ADDRESSES_WANT_MAX];
	struct ovd_cidr others[ADDRESSES_MAX];
	size_t n;
};

/* A secondary one goes with the primary one of its subnet, so that it doesn't count as there. */
static bool note_wanted(struct addresses *all, const struct ifaddrmsg *info,
			const struct ovd_ip *ip)
{
	for (size_t i = 0; i < all->n_want; i++)
		if (ip_eq(ip, &all->want[i].ip) && info->ifa_prefixlen == all->want[i].prefix_len &&
		    !(info->ifa_flags & IFA_F_SECONDARY)) {
			all->there[i] = true;
			return true;
		}
	return false;
}

/* The local one; of a pair of ends, IFA_ADDRESS is the other's. */
static struct ovd_ip address_of(const struct nlmsghdr *answer)
{
	const struct ifaddrmsg *info = NLMSG_DATA(answer);
	size_t n = IFA_PAYLOAD(answer);
	struct ovd_ip ip = { .len = 0 };

	for (const struct rtattr *a = IFA_RTA(info); RTA_OK(a, n); a = RTA_NEXT(a, n))
		if ((a->rta_type == IFA_ADDRESS && ip.len == 0) || a->rta_type == IFA_LOCAL) {
			ip.len = (uint8_t)RTA_PAYLOAD(a);
			memcpy(ip.b, RTA_DATA(a), MIN((size_t)ip.len, sizeof(ip.b)));
		}
	return ip;
}

static void take_address(void *arg, const struct nlmsghdr *answer)
{
	const struct ifaddrmsg *info = NLMSG_DATA(answer);
	struct addresses *all = arg;
	struct ovd_ip ip;

	if (answer->nlmsg_type != RTM_NEWADDR || (int)info->ifa_index != all->index ||
	    info->ifa_scope == RT_SCOPE_LINK)
		return;
	ip = address_of(answer);
	if (!note_wanted(all, info, &ip) && all->n < ADDRESSES_MAX)
		all->others[all->n++] =
			(struct ovd_cidr){ .ip = ip, .prefix_len = info->ifa_prefixlen };
}

static void forget_addresses(void *arg)
{
	struct addresses *all = arg;

	all->n = 0;
	memset(all->there, 0, sizeof(all->there));
}

/* So many as go into a batch at a time. */
static int add_missing(int fd, const struct addresses *all, char *detail)
{
	struct rtnl_batch b = { .n = 0 };
	size_t n = 0;
	int r = 0;

	for (size_t i = 0; i < all->n_want && r == 0; i++) {
		if (all->there[i])
			continue;
		address_put(&b, all->index, &all->want[i].ip, all->want[i].prefix_len);
		if (++n % ADDRESSES_MAX == 0)
			r = rtnl_send(fd, &b, detail);
	}
	return r == 0 ? rtnl_send(fd, &b, detail) : r;
}

int address_only(int fd, int index, const struct ovd_cidr *want, size_t n, char *detail)
{
	const struct ifaddrmsg its = { .ifa_family = AF_UNSPEC, .ifa_index = (unsigned)index };
	struct addresses all = { .index = index, .want = want, .n_want = n };
	struct rtnl_batch b = { .n = 0 };
	int r;

	if (n > ADDRESSES_WANT_MAX)
		return -E2BIG;
	rtnl_begin(&b, RTM_GETADDR, NLM_F_DUMP, &its, sizeof(its));
	r = rtnl_ask(fd, &b, take_address, forget_addresses, &all);
	if (r < 0)
		return r;
	b = (struct rtnl_batch){ .n = 0 };
	while (all.n-- > 0) /* from the end: secondary ones are listed behind their primary one */
		put_address(&b, RTM_DELADDR, 0, index, &all.others[all.n].ip,
			    all.others[all.n].prefix_len);
	r = rtnl_send(fd, &b, detail);
	return r == 0 ? add_missing(fd, &all, detail) : r;
}

void address_put_delete(struct rtnl_batch *b, int index, const struct ovd_ip *ip)
{
	put_address(b, RTM_DELADDR, 0, index, ip, (uint8_t)ip_bits(ip));
}

struct list {
	int index;
	struct ovd_cidr *to;
	size_t n, room;
};

static void add_to_list(void *arg, const struct nlmsghdr *answer)
{
	const struct ifaddrmsg *info = NLMSG_DATA(answer);
	struct list *list = arg;

	if (answer->nlmsg_type == RTM_NEWADDR && (int)info->ifa_index == list->index &&
	    info->ifa_scope != RT_SCOPE_LINK && list->n < list->room)
		list->to[list->n++] = (struct ovd_cidr){ .ip = address_of(answer),
							 .prefix_len = info->ifa_prefixlen };
}

static void empty_list(void *arg)
{
	((struct list *)arg)->n = 0;
}

int address_list(int fd, int index, struct ovd_cidr *ret, size_t room, size_t *ret_n)
{
	const struct ifaddrmsg one = { .ifa_family = AF_UNSPEC, .ifa_index = (unsigned)index };
	struct list list = { .index = index, .to = ret, .room = room };
	struct rtnl_batch b = { .n = 0 };
	int r;

	rtnl_begin(&b, RTM_GETADDR, NLM_F_DUMP, &one, sizeof(one));
	r = rtnl_ask(fd, &b, add_to_list, empty_list, &list);
	if (r == 0)
		*ret_n = list.n;
	return r;
}

int address_count(int fd, int index, size_t *ret)
{
	const struct ifaddrmsg its = { .ifa_family = AF_UNSPEC, .ifa_index = (unsigned)index };
	struct addresses all = { .index = index };
	struct rtnl_batch b = { .n = 0 };
	int r;

	rtnl_begin(&b, RTM_GETADDR, NLM_F_DUMP, &its, sizeof(its));
	r = rtnl_ask(fd, &b, take_address, forget_addresses, &all);
	if (r == 0)
		*ret = all.n;
	return r;
}

/* ---- what others have ---- */

struct elsewhere {
	int netns, index;
	struct ovd_ip ip;
};

/* A kernel that doesn't know of other namespaces tells of ours. */
static bool is_from(const struct nlmsghdr *answer, int netns)
{
	const struct ifaddrmsg *info = NLMSG_DATA(answer);
	size_t n = IFA_PAYLOAD(answer);
	int from = -1;

	for (const struct rtattr *a = IFA_RTA(info); RTA_OK(a, n); a = RTA_NEXT(a, n))
		if (a->rta_type == IFA_TARGET_NETNSID)
			memcpy(&from, RTA_DATA(a), MIN(sizeof(from), RTA_PAYLOAD(a)));
	return from == netns;
}

static void take_first(void *arg, const struct nlmsghdr *answer)
{
	const struct ifaddrmsg *info = NLMSG_DATA(answer);
	struct elsewhere *there = arg;

	if (answer->nlmsg_type == RTM_NEWADDR && (int)info->ifa_index == there->index &&
	    info->ifa_scope != RT_SCOPE_LINK && there->ip.len == 0 && is_from(answer, there->netns))
		there->ip = address_of(answer);
}

struct ovd_ip address_in(int fd, int netns, int index)
{
	const struct ifaddrmsg info = { .ifa_family = AF_UNSPEC, .ifa_index = (unsigned)index };
	struct elsewhere there = { .netns = netns, .index = index };
	struct rtnl_batch b = { .n = 0 };

	rtnl_begin(&b, RTM_GETADDR, NLM_F_DUMP, &info, sizeof(info));
	rtnl_put_u32(&b, IFA_TARGET_NETNSID, (uint32_t)netns);
	if (rtnl_ask(fd, &b, take_first, NULL, &there) < 0)
		there.ip.len = 0;
	return there.ip;
}

/* ---- what the host has ---- */

struct occupant {
	const struct ovd_cidr *block;
	const char *mark;
	int fd; /* another one: the addresses are still coming in by theirs */
	struct ovd_ip ip;
};

/* One that has gone since then has no address either. */
static bool may_have_it(const struct occupant *occupant, unsigned index)
{
	struct link_info link;

	if (!occupant->mark)
		return false;
	if (!link_name((int)index, link.name) || link_get(occupant->fd, link.name, &link) < 0)
		return true;
	return link_has_alias(&link, occupant->mark) && strcmp(link.kind, "bridge") != 0;
}

static void find_occupant(void *arg, const struct nlmsghdr *answer)
{
	const struct ifaddrmsg *info = NLMSG_DATA(answer);
	struct occupant *occupant = arg;
	struct ovd_ip ip = { .len = 0 };

	if (answer->nlmsg_type == RTM_NEWADDR)
		ip = address_of(answer);
	if (cidr_holds(occupant->block, &ip) && !may_have_it(occupant, info->ifa_index))
		occupant->ip = ip;
}

int address_none_in(int fd, const struct ovd_cidr *block, const char *mark, char *detail)
{
	_cleanup_(fd_closep) int links = mark ? rtnl_open() : -1;
	const struct ifaddrmsg any = { .ifa_family = rtnl_family(&block->ip) };
	struct occupant occupant = { .block = block, .mark = mark, .fd = links };
	struct rtnl_batch b = { .n = 0 };
	char text[IP_TEXT_MAX];
	int r;

	if (mark && links < 0)
		return links;
	rtnl_begin(&b, RTM_GETADDR, NLM_F_DUMP, &any, sizeof(any));
	r = rtnl_ask(fd, &b, find_occupant, NULL, &occupant);
	if (r == 0 && occupant.ip.len > 0) {
		snprintf(detail, PLAN_DETAIL_MAX, "the host has the address %s",
			 ip_format(&occupant.ip, text));
		r = -EADDRINUSE;
	}
	return r;
}
