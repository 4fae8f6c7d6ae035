#include <errno.h>
#include <stdio.h>
#include <string.h>

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

struct search {
	const struct ovd_cidr *to;
	int through; /* a link's index; 0: any */
	bool found;
	int index; /* of its link; 0 if it has several, or none */
};

/* The best one of several comes first. */
static void look_at_route(void *arg, const struct nlmsghdr *answer)
{
	const struct rtmsg *info = NLMSG_DATA(answer);
	struct search *search = arg;
	struct ovd_ip to = { .len = search->to->ip.len };
	size_t n = RTM_PAYLOAD(answer);
	int index = 0;

	if (answer->nlmsg_type != RTM_NEWROUTE || info->rtm_table != RT_TABLE_MAIN ||
	    info->rtm_dst_len != search->to->prefix_len || search->found)
		return;
	for (const struct rtattr *a = RTM_RTA(info); RTA_OK(a, n); a = RTA_NEXT(a, n)) {
		if (a->rta_type == RTA_DST)
			memcpy(to.b, RTA_DATA(a), MIN(RTA_PAYLOAD(a), sizeof(to.b)));
		if (a->rta_type == RTA_OIF)
			memcpy(&index, RTA_DATA(a), sizeof(index));
	}
	search->found =
		ip_eq(&to, &search->to->ip) && (!search->through || index == search->through);
	search->index = index;
}

static void forget_route(void *arg)
{
	((struct search *)arg)->found = false;
}

static struct search find(struct linux_net *l, const struct ovd_cidr *to, int through)
{
	const struct rtmsg info = { .rtm_family = rtnl_family(&to->ip),
				    .rtm_table = RT_TABLE_MAIN };
	struct search search = { .to = to, .through = through };
	struct rtnl_batch b = { .n = 0 };

	rtnl_begin(&b, RTM_GETROUTE, NLM_F_DUMP, &info, sizeof(info));
	if (through)
		rtnl_put_u32(&b, RTA_OIF, (uint32_t)through);
	rtnl_ask(l->rtnl, &b, look_at_route, forget_route, &search);
	return search;
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

int route_add(void *platform, struct step *step, char *detail)
{
	int r = change(platform, &step->route, true, detail);

	step->route.made = r == 0;
	if (r == -EEXIST)
		r = check_ours(platform, &step->route, detail);
	if (r < 0 && step->route.optional) {
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

	step->route.made = r == 0;
	return r == -ESRCH || r == -ENODEV ? 0 : r;
}

void route_delete_undo(void *platform, struct step *step)
{
	if (step->route.made)
		change(platform, &step->route, true, NULL);
}
