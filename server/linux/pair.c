#include "server/linux/pair.h"

#include <errno.h>
#include <linux/if.h>
#include <linux/if_link.h>
#include <linux/veth.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "runtime/util.h"
#include "server/linux/link.h"
#include "server/linux/sysctl.h"

#define FIRST_INDEX  1000000 /* above what the kernel counts to by itself */
#define INDEX_RANGE  1000000000
#define CREATE_TRIES 8
#define READY_TRIES  200
#define READY_WAIT   1000000 /* nanoseconds */

/* One queue: with more, making the pair waits for two grace periods. */
static void put_single_queue(struct rtnl_batch *b)
{
	rtnl_put_u32(b, IFLA_NUM_TX_QUEUES, 1);
	rtnl_put_u32(b, IFLA_NUM_RX_QUEUES, 1);
}

static void put_guest(struct rtnl_batch *b, const struct pair *pair)
{
	const struct ifinfomsg info = { .ifi_family = AF_UNSPEC, .ifi_index = pair->index };

	rtnl_raw(b, &info, sizeof(info));
	rtnl_put_text(b, IFLA_IFNAME, pair->guest);
	rtnl_put_u32(b, IFLA_NET_NS_FD, (uint32_t)pair->netns);
	rtnl_put_u32(b, IFLA_MTU, pair->mtu);
	if (pair->mac)
		rtnl_put(b, IFLA_ADDRESS, pair->mac, MAC_BYTES);
	put_single_queue(b);
}

static void put_pair(struct rtnl_batch *b, const struct pair *pair)
{
	/* the kernel takes our number for the container's end only if the host's has one too */
	const struct ifinfomsg info = { .ifi_family = AF_UNSPEC, .ifi_index = pair->index };
	size_t linkinfo, data, peer;

	rtnl_begin(b, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, &info, sizeof(info));
	rtnl_put_text(b, IFLA_IFNAME, pair->host);
	rtnl_put_u32(b, IFLA_MTU, pair->mtu);
	if (pair->master)
		rtnl_put_u32(b, IFLA_MASTER, (uint32_t)pair->master);
	link_put_group(b, pair->alias);
	put_single_queue(b);
	linkinfo = rtnl_nest(b, IFLA_LINKINFO);
	rtnl_put_text(b, IFLA_INFO_KIND, "veth");
	data = rtnl_nest(b, IFLA_INFO_DATA);
	peer = rtnl_nest(b, VETH_INFO_PEER);
	put_guest(b, pair);
	rtnl_nest_end(b, peer);
	rtnl_nest_end(b, data);
	rtnl_nest_end(b, linkinfo);
}

/* Two sends: what follows a failure in the same one would be done to a stranger's link. The index
 * is 0 when nothing was made. */
static int create_once(struct linux_net *l, struct pair *pair, char *detail)
{
	struct rtnl_batch b = { .n = 0 };
	int r;

	pair->index = (int)(FIRST_INDEX + l->next_index++ % INDEX_RANGE);
	put_pair(&b, pair);
	r = link_made(l->rtnl, pair->host, pair->alias, rtnl_send(l->rtnl, &b, detail));
	if (r < 0) {
		pair->index = 0;
		return r;
	}
	if (pair->master)
		sysctl_ip6(pair->host, false);
	link_put_quiet(&b, pair->index, NULL, pair->alias);
	link_put_up(&b, pair->index, NULL);
	r = rtnl_send(l->rtnl, &b, detail);
	if (r < 0)
		pair_delete(l, &pair->index);
	return r;
}

/* Ours by the mark of our node, the first two words of every alias; not by what follows, as it may
 * have been left over by a daemon that died, for a namespace of the same number. */
static bool is_ours(const struct link_info *link, const struct pair *pair)
{
	char mark[LINK_ALIAS_MAX];
	size_t n = strcspn(pair->alias, " ");

	n += strcspn(pair->alias + n + 1, " ") + 1;
	snprintf(mark, sizeof(mark), "%.*s", (int)n, pair->alias);
	return link_has_alias(link, mark);
}

/* Makes room for a second try: whatever bears one of the names, or the number, may be gone by then.
 */
static bool make_room(struct linux_net *l, const struct pair *pair)
{
	struct link_info link;

	reaper_wait(l->reaper); /* what was cut a moment ago may still bear a name */
	if (link_get(l->rtnl, pair->host, &link) == -ENODEV)
		return true;
	return is_ours(&link, pair) && link_delete_index(l->rtnl, link.index) == 0;
}

/* The kernel says of both names only that something is there. */
static void explain(struct linux_net *l, const struct pair *pair, char *detail)
{
	struct link_info link;

	if (link_get(l->rtnl, pair->host, &link) == 0)
		snprintf(detail, PLAN_DETAIL_MAX, "a %s that is not ours",
			 link.kind[0] ? link.kind : "link");
	else
		snprintf(detail, PLAN_DETAIL_MAX, "%s, in the container", pair->guest);
}

int pair_create(struct linux_net *l, struct pair *pair, char *detail)
{
	int r = create_once(l, pair, detail);

	for (int i = 0; i < CREATE_TRIES && (r == -EEXIST || r == -EBUSY) && make_room(l, pair);
	     i++) {
		detail[0] = '\0';
		r = create_once(l, pair, detail);
	}
	if (r == -EEXIST)
		explain(l, pair, detail);
	return r;
}

int pair_configure(struct linux_net *l, const struct pair *pair, struct rtnl_batch *b, char *detail)
{
	_cleanup_(fd_closep) int fd = rtnl_open_in(pair->netns, l->own);

	return fd < 0 ? fd : rtnl_send(fd, b, detail);
}

int pair_wait(struct linux_net *l, const struct pair *pair)
{
	const struct timespec moment = { .tv_nsec = READY_WAIT };

	for (int i = 0; i < READY_TRIES; i++) {
		struct link_info link;
		int r = link_get(
			l->rtnl, pair->host,
			&link); /* the kernel catches up with carrier changes when it is asked */

		if (r < 0)
			return r;
		if (link.operstate == IF_OPER_UP)
			return 0;
		nanosleep(&moment, NULL);
	}
	return -ETIMEDOUT;
}

void pair_delete(struct linux_net *l, int *index)
{
	link_delete_index(l->rtnl, *index);
	*index = 0;
}
