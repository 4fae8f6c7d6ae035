#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "runtime/buf.h"
#include "runtime/util.h"
#include "server/linux/address.h"
#include "server/linux/link.h"
#include "server/linux/platform.h"

static struct route route_of(const struct step_route *step)
{
	return (struct route){
		.to = step->cidr,
		.source = step->source,
		.index = link_index(step->link),
		.table = RT_TABLE_MAIN,
		.scope = step->cidr.ip.len == 4 ? RT_SCOPE_LINK : RT_SCOPE_UNIVERSE,
	};
}

static int change(struct linux_net *l, const struct step_route *step, bool add, char *detail)
{
	const struct route route = route_of(step);
	struct rtnl_batch b = { .n = 0 };

	if (route.index == 0)
		return -ENODEV;
	if (add)
		route_put(&b, &route);
	else
		route_put_delete(&b, &route);
	return rtnl_send(l->rtnl, &b, detail);
}

/* ---- whose the route is that is there ---- */

struct seen {
	struct ovd_cidr to;
	int index; /* of its link; 0 if it has several, or none */
};

static struct seen read_route(const struct nlmsghdr *answer)
{
	const struct rtmsg *info = NLMSG_DATA(answer);
	struct seen seen = { .to = { .ip = { .len = info->rtm_family == AF_INET ? 4 : 16 },
				     .prefix_len = info->rtm_dst_len } };
	size_t n = RTM_PAYLOAD(answer);

	for (const struct rtattr *a = RTM_RTA(info); RTA_OK(a, n); a = RTA_NEXT(a, n)) {
		if (a->rta_type == RTA_DST)
			memcpy(seen.to.ip.b, RTA_DATA(a),
			       MIN(RTA_PAYLOAD(a), sizeof(seen.to.ip.b)));
		if (a->rta_type == RTA_OIF)
			memcpy(&seen.index, RTA_DATA(a), sizeof(seen.index));
	}
	return seen;
}

struct search {
	const struct ovd_cidr *to;
	int through; /* a link's index; 0: any */
	bool found;
	int index; /* of struct seen */
};

/* The best one of several comes first. */
static void look_at_route(void *arg, const struct nlmsghdr *answer)
{
	const struct rtmsg *info = NLMSG_DATA(answer);
	struct search *search = arg;
	struct seen seen;

	if (answer->nlmsg_type != RTM_NEWROUTE || info->rtm_table != RT_TABLE_MAIN ||
	    info->rtm_dst_len != search->to->prefix_len || search->found)
		return;
	seen = read_route(answer);
	search->found = cidr_eq(&seen.to, search->to) &&
			(!search->through || seen.index == search->through);
	search->index = seen.index;
}

static void forget_route(void *arg)
{
	((struct search *)arg)->found = false;
}

/* The one that the kernel would take to the prefix's first address: a dump is as long as the table.
 * Prefix and table are then the route's own (RTM_F_FIB_MATCH, inet_rtm_getroute in
 * linux/net/ipv4/route.c, since Linux 4.13). IPv6 always tells the table. */
static void look_up(struct linux_net *l, struct search *search)
{
	const struct rtmsg info = {
		.rtm_family = rtnl_family(&search->to->ip),
		.rtm_dst_len = (uint8_t)ip_bits(&search->to->ip),
		.rtm_flags = RTM_F_FIB_MATCH | (search->to->ip.len == 4 ? RTM_F_LOOKUP_TABLE : 0)
	};
	struct rtnl_batch b = { .n = 0 };

	rtnl_begin(&b, RTM_GETROUTE, 0, &info, sizeof(info));
	rtnl_put_ip(&b, RTA_DST, &search->to->ip);
	if (search->through)
		rtnl_put_u32(&b, RTA_OIF, (uint32_t)search->through);
	rtnl_ask(l->rtnl, &b, look_at_route, forget_route, search);
}

static void look_through_all(struct linux_net *l, struct search *search)
{
	const struct rtmsg info = { .rtm_family = rtnl_family(&search->to->ip),
				    .rtm_table = RT_TABLE_MAIN };
	struct rtnl_batch b = { .n = 0 };

	rtnl_begin(&b, RTM_GETROUTE, NLM_F_DUMP, &info, sizeof(info));
	if (search->through)
		rtnl_put_u32(&b, RTA_OIF, (uint32_t)search->through);
	rtnl_ask(l->rtnl, &b, look_at_route, forget_route, search);
}

/* The kernel may take another one to that address: a longer one, or one that a rule prefers. */
static struct search find(struct linux_net *l, const struct ovd_cidr *to, int through)
{
	struct search search = { .to = to, .through = through };

	look_up(l, &search);
	if (!search.found)
		look_through_all(l, &search);
	return search;
}

static bool is_there(struct linux_net *l, const struct step_route *step)
{
	const struct ovd_cidr network = cidr_network(&step->cidr.ip, step->cidr.prefix_len);

	return find(l, &network, link_index(step->link)).found;
}

/* A route of somebody else's would go on leading the packets elsewhere. */
static int check_ours(struct linux_net *l, const struct step_route *step, char *detail)
{
	const struct ovd_cidr network = cidr_network(&step->cidr.ip, step->cidr.prefix_len);
	struct search other;
	char name[LINK_NAME_MAX];

	if (find(l, &network, link_index(step->link)).found) {
		detail[0] = '\0';
		return 0;
	}
	other = find(l, &network, 0);
	if (other.index && link_name(other.index, name))
		snprintf(detail, PLAN_DETAIL_MAX, "another one, through %s", name);
	return -EEXIST;
}

static void log_missing(struct linux_net *l, const struct step_route *step, int r,
			const char *detail)
{
	char cidr[CIDR_TEXT_MAX];

	log_at(l->log, LOG_WARN, "tunnel %s: no route to %s of a peer: %s%s%s%s", step->link,
	       cidr_format(&step->cidr, cidr), strerror(-r), detail[0] ? " (" : "", detail,
	       detail[0] ? ")" : "");
}

/* Asked for again, it may well be done. */
static bool may_pass(int r)
{
	return r == -ENOBUFS || r == -ENOMEM || r == -EBUSY || r == -EINTR;
}

int route_add(void *platform, struct step *step, char *detail)
{
	int r = change(platform, &step->route, true, detail);

	if (r < 0 && r != -EEXIST && is_there(platform, &step->route))
		r = 0; /* the answer was lost */
	step->route.made = r == 0;
	if (r == -EEXIST)
		r = check_ours(platform, &step->route, detail);
	if (r < 0 && step->route.optional && !may_pass(r)) {
		log_missing(platform, &step->route, r, detail);
		return 0;
	}
	return r;
}

void route_add_undo(void *platform, struct step *step)
{
	if (step->route.made)
		change(platform, &step->route, false, NULL);
}

/* ---- deletion ---- */

int route_delete(void *platform, struct step *step, char *detail)
{
	int r = change(platform, &step->route, false, detail);

	step->route.made = false;
	if (r == -ESRCH || r == -ENODEV)
		return 0;
	if (rtnl_lost(r) && !is_there(platform, &step->route))
		r = 0;
	step->route.made = r == 0;
	return r;
}

void route_delete_undo(void *platform, struct step *step)
{
	if (step->route.made)
		change(platform, &step->route, true, NULL);
}

/* ---- what an earlier life left ---- */

/* Sorted. */
struct prefixes {
	struct ovd_cidr *list;
	size_t n;
};

struct left_over {
	int index;
	const struct prefixes *wanted;
	struct buf found; /* of struct ovd_cidr */
	int r;
};

static int compare(const void *a, const void *b)
{
	const struct ovd_cidr *one = a, *other = b;
	int r = one->ip.len - other->ip.len;

	r = r ?: one->prefix_len - other->prefix_len;
	return r ?: memcmp(one->ip.b, other->ip.b, one->ip.len);
}

static void prefixes_done(struct prefixes *prefixes)
{
	free(prefixes->list);
}

static int collect_wanted(const struct tunnel_peer *peers, size_t n_peers, struct prefixes *ret)
{
	size_t n = 0;

	for (size_t i = 0; i < n_peers; i++)
		n += peers[i].n_allowed;
	*ret = (struct prefixes){ .list = calloc(n + 1, sizeof(*ret->list)) };
	if (!ret->list)
		return -ENOMEM;
	for (size_t i = 0; i < n_peers; i++)
		for (size_t k = 0; k < peers[i].n_allowed; k++)
			ret->list[ret->n++] = cidr_network(&peers[i].allowed[k].ip,
							   peers[i].allowed[k].prefix_len);
	qsort(ret->list, ret->n, sizeof(*ret->list), compare);
	return 0;
}

static void collect_left_over(void *arg, const struct nlmsghdr *answer)
{
	const struct rtmsg *info = NLMSG_DATA(answer);
	struct left_over *left = arg;
	struct seen route;

	if (answer->nlmsg_type != RTM_NEWROUTE || info->rtm_protocol != RTPROT_STATIC ||
	    info->rtm_table != RT_TABLE_MAIN ||
	    (info->rtm_family != AF_INET && info->rtm_family != AF_INET6))
		return;
	route = read_route(answer);
	if (route.index == left->index &&
	    !bsearch(&route.to, left->wanted->list, left->wanted->n, sizeof(route.to), compare))
		left->r = buf_append(&left->found, &route.to, sizeof(route.to)) ?: left->r;
}

static void forget_left_over(void *arg)
{
	((struct left_over *)arg)->found.n = 0;
}

static int find_left_over(struct linux_net *l, struct left_over *left)
{
	const struct rtmsg info = { .rtm_family = AF_UNSPEC };
	struct rtnl_batch b = { .n = 0 };
	int r;

	rtnl_begin(&b, RTM_GETROUTE, NLM_F_DUMP, &info, sizeof(info));
	rtnl_put_u32(&b, RTA_OIF, (uint32_t)left->index);
	r = rtnl_ask(l->rtnl, &b, collect_left_over, forget_left_over, left);
	return r < 0 ? r : left->r;
}

static int delete_left_over(struct linux_net *l, const char *link, const struct buf *found,
			    char *detail)
{
	const struct ovd_cidr *list = (const void *)found->p;
	struct step_route gone = { .optional = false };
	int r = 0;

	snprintf(gone.link, sizeof(gone.link), "%s", link);
	for (size_t i = 0; i < found->n / sizeof(*list) && r == 0; i++) {
		gone.cidr = list[i];
		r = change(l, &gone, false, detail);
		if (r == -ESRCH) /* not as ours are */
			r = detail[0] = 0;
	}
	return r;
}

int route_delete_unwanted(struct linux_net *l, const char *link, const struct tunnel_peer *peers,
			  size_t n_peers, char *detail)
{
	_cleanup_(prefixes_done) struct prefixes wanted = { .n = 0 };
	struct left_over left = { .index = link_index(link), .wanted = &wanted };
	int r = left.index ? collect_wanted(peers, n_peers, &wanted) : -ENODEV;

	if (r == 0)
		r = find_left_over(l, &left);
	if (r == 0)
		r = delete_left_over(l, link, &left.found, detail);
	buf_done(&left.found);
	return r;
}
