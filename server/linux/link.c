#include "server/linux/link.h"

#include <errno.h>
#include <linux/if.h>
#include <linux/if_link.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "runtime/util.h"

#define MARK        "overlayd "
#define MARK_DIGITS 8

/* net/if.h clashes with linux/if.h */
unsigned int if_nametoindex(const char *name);
char *if_indextoname(unsigned int index, char *name);

int link_index(const char *name)
{
	return (int)if_nametoindex(name);
}

bool link_name(int index, char ret[LINK_NAME_MAX])
{
	return if_indextoname((unsigned)index, ret);
}

static void copy_text(char *to, size_t size, const struct rtattr *a)
{
	snprintf(to, size, "%.*s", (int)RTA_PAYLOAD(a), (const char *)RTA_DATA(a));
}

static uint32_t u32_of(const struct rtattr *a)
{
	uint32_t value = 0;

	memcpy(&value, RTA_DATA(a), MIN(sizeof(value), RTA_PAYLOAD(a)));
	return value;
}

static void read_kind(const struct rtattr *info, struct link_info *link)
{
	size_t n = RTA_PAYLOAD(info);

	for (const struct rtattr *a = RTA_DATA(info); RTA_OK(a, n); a = RTA_NEXT(a, n))
		if (a->rta_type == IFLA_INFO_KIND)
			copy_text(link->kind, sizeof(link->kind), a);
}

static void read_attribute(const struct rtattr *a, struct link_info *link)
{
	switch (a->rta_type & NLA_TYPE_MASK) {
	case IFLA_IFNAME:
		copy_text(link->name, sizeof(link->name), a);
		break;
	case IFLA_IFALIAS:
		copy_text(link->alias, sizeof(link->alias), a);
		break;
	case IFLA_LINKINFO:
		read_kind(a, link);
		break;
	case IFLA_MASTER:
		link->master = (int)u32_of(a);
		break;
	case IFLA_LINK:
		link->peer = (int)u32_of(a);
		break;
	case IFLA_LINK_NETNSID:
		link->netns = (int)u32_of(a);
		break;
	case IFLA_MTU:
		link->mtu = u32_of(a);
		break;
	case IFLA_GROUP:
		link->group = u32_of(a);
		break;
	case IFLA_OPERSTATE:
		link->operstate = *(const uint8_t *)RTA_DATA(a);
		break;
	}
}

static void read_link(const struct nlmsghdr *head, struct link_info *link)
{
	const struct ifinfomsg *info = NLMSG_DATA(head);
	size_t n = IFLA_PAYLOAD(head);

	*link = (struct link_info){ .index = info->ifi_index,
				    .netns = -1,
				    .up = info->ifi_flags & IFF_UP };
	for (const struct rtattr *a = IFLA_RTA(info); RTA_OK(a, n); a = RTA_NEXT(a, n))
		read_attribute(a, link);
}

static void take_one(void *arg, const struct nlmsghdr *answer)
{
	if (answer->nlmsg_type == RTM_NEWLINK)
		read_link(answer, arg);
}

static void begin_get(struct rtnl_batch *b, uint16_t flags)
{
	const struct ifinfomsg any = { .ifi_family = AF_UNSPEC };

	rtnl_begin(b, RTM_GETLINK, flags, &any, sizeof(any));
	rtnl_put_u32(b, IFLA_EXT_MASK, RTEXT_FILTER_SKIP_STATS);
}

int link_get(int fd, const char *name, struct link_info *ret)
{
	struct link_info link = { .index = 0 };
	struct rtnl_batch b = { .n = 0 };
	int r;

	begin_get(&b, 0);
	rtnl_put_text(&b, IFLA_IFNAME, name);
	r = rtnl_ask(fd, &b, take_one, NULL, &link);
	if (r == 0 && link.index == 0)
		r = -ENODEV;
	if (r == 0)
		*ret = link;
	return r;
}

bool link_name_in(int fd, int netns, int index, char ret[LINK_NAME_MAX])
{
	const struct ifinfomsg one = { .ifi_family = AF_UNSPEC, .ifi_index = index };
	struct link_info link = { .index = 0 };
	struct rtnl_batch b = { .n = 0 };

	rtnl_begin(&b, RTM_GETLINK, 0, &one, sizeof(one));
	rtnl_put_u32(&b, IFLA_TARGET_NETNSID, (uint32_t)netns);
	rtnl_put_u32(&b, IFLA_EXT_MASK, RTEXT_FILTER_SKIP_STATS);
	if (rtnl_ask(fd, &b, take_one, NULL, &link) < 0 || link.index != index)
		return false;
	memcpy(ret, link.name, sizeof(link.name));
	return true;
}

struct each_link {
	void (*each)(void *arg, const struct link_info *link);
	void (*restart)(void *arg);
	void *arg;
};

static void take_each(void *arg, const struct nlmsghdr *answer)
{
	const struct each_link *each = arg;
	struct link_info link;

	if (answer->nlmsg_type != RTM_NEWLINK)
		return;
	read_link(answer, &link);
	each->each(each->arg, &link);
}

static void restart_each(void *arg)
{
	const struct each_link *each = arg;

	if (each->restart)
		each->restart(each->arg);
}

int link_each(int fd, void (*each)(void *arg, const struct link_info *link),
	      void (*restart)(void *arg), void *arg)
{
	struct each_link all = { each, restart, arg };
	struct rtnl_batch b = { .n = 0 };

	begin_get(&b, NLM_F_DUMP);
	return rtnl_ask(fd, &b, take_each, restart_each, &all);
}

bool link_is_named_ours(const char *name)
{
	return strncmp(name, "zl-", 3) == 0;
}

/* ---- whose it is ---- */

static bool add_digit(uint32_t *number, char c)
{
	bool decimal = c >= '0' && c <= '9';

	if (!decimal && !(c >= 'a' && c <= 'f'))
		return false;
	*number = *number << 4 | (uint32_t)(decimal ? c - '0' : c - 'a' + 10);
	return true;
}

uint32_t link_group(const char *alias)
{
	uint32_t group = 0;

	if (strncmp(alias, MARK, strlen(MARK)) != 0)
		return 0;
	alias += strlen(MARK);
	for (int i = 0; i < MARK_DIGITS; i++)
		if (!add_digit(&group, alias[i]))
			return 0;
	return group == 0 || group == LINK_GROUP_GONE ? ~group : group;
}

void link_put_group(struct rtnl_batch *b, const char *alias)
{
	rtnl_put_u32(b, IFLA_GROUP, link_group(alias));
}

bool link_has_alias(const struct link_info *link, const char *alias)
{
	const char *more = strrchr(alias, '\t');
	size_t n = more ? (size_t)(more - alias) : strlen(alias);

	if (!link->alias[0] && link->group)
		return link->group == link_group(alias);
	if (strlen(link->alias) == LINK_ALIAS_CUT)
		n = MIN(n, LINK_ALIAS_CUT);
	return strncmp(link->alias, alias, n) == 0;
}

/* ---- changes ---- */

int link_made(int fd, const char *name, const char *alias, int r)
{
	struct link_info link;

	if (r == 0 || r == -EEXIST || link_get(fd, name, &link) < 0)
		return r;
	return !link.alias[0] && link_has_alias(&link, alias) ? 0 : r;
}

static bool is_there(int index, const char *name)
{
	char text[LINK_NAME_MAX];

	return index == 0 ? link_index(name) != 0 : link_name(index, text);
}

/* By name if index is 0. The answer may be lost. */
static int delete (int fd, int index, const char *name)
{
	const struct ifinfomsg info = { .ifi_family = AF_UNSPEC, .ifi_index = index };
	struct rtnl_batch b = { .n = 0 };
	int r;

	rtnl_begin(&b, RTM_DELLINK, 0, &info, sizeof(info));
	if (index == 0)
		rtnl_put_text(&b, IFLA_IFNAME, name);
	r = rtnl_send(fd, &b, NULL);
	return r == -ENODEV || (rtnl_lost(r) && !is_there(index, name)) ? 0 : r;
}

int link_delete(int fd, const char *name)
{
	return delete (fd, 0, name);
}

int link_delete_index(int fd, int index)
{
	return index > 0 ? delete (fd, index, NULL) : 0;
}

static void begin_set(struct rtnl_batch *b, int index, const char *name, unsigned flags,
		      unsigned change)
{
	const struct ifinfomsg info = { .ifi_family = AF_UNSPEC,
					.ifi_index = index,
					.ifi_flags = flags,
					.ifi_change = change };

	rtnl_begin(b, RTM_NEWLINK, 0, &info, sizeof(info));
	if (index == 0 && name)
		rtnl_put_text(b, IFLA_IFNAME, name);
	else if (index == 0)
		b->overflow = true; /* of no link at all */
}

void link_put_quiet(struct rtnl_batch *b, int index, const char *name, const char *alias)
{
	size_t spec, inet6;

	begin_set(b, index, name, 0, 0);
	if (alias)
		rtnl_put(b, IFLA_IFALIAS, alias, strlen(alias));
	spec = rtnl_nest(b, IFLA_AF_SPEC);
	inet6 = rtnl_nest(b, AF_INET6);
	rtnl_put_u8(b, IFLA_INET6_ADDR_GEN_MODE, IN6_ADDR_GEN_MODE_NONE);
	rtnl_nest_end(b, inet6);
	rtnl_nest_end(b, spec);
}

void link_put_up(struct rtnl_batch *b, int index, const char *name)
{
	begin_set(b, index, name, IFF_UP, IFF_UP);
}

void link_put_mtu(struct rtnl_batch *b, int index, uint32_t mtu)
{
	begin_set(b, index, NULL, 0, 0);
	rtnl_put_u32(b, IFLA_MTU, mtu);
}

void link_put_down(struct rtnl_batch *b, int index)
{
	begin_set(b, index, NULL, 0, IFF_UP);
}

void link_put_gone(struct rtnl_batch *b, int index)
{
	link_put_down(b, index);
	rtnl_put_u32(b, IFLA_GROUP, LINK_GROUP_GONE);
}
