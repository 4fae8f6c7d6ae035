#include <errno.h>
#include <linux/if.h>
#include <linux/if_link.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/util.h"
#include "server/linux/address.h"
#include "server/linux/idle.h"
#include "server/linux/link.h"
#include "server/linux/platform.h"
#include "server/linux/sysctl.h"

/* A bridge without an address of its own takes that of some port, and loses it with the port. */
static void mac_of(const char *name, uint8_t mac[MAC_BYTES])
{
	uint64_t hash = UINT64_C(0xcbf29ce484222325);

	for (; *name; name++)
		hash = (hash ^ (unsigned char)*name) * UINT64_C(0x100000001b3);
	memcpy(mac, &hash, MAC_BYTES);
	mac[0] = (uint8_t)((mac[0] & 0xfc) | 0x02); /* locally administered, one host: IEEE 802 */
}

/* Without its delay, which only matters to spanning trees, the kernel doesn't tell of each port
 * once more, 15 s after it has come up. */
static void put_kind(struct rtnl_batch *b)
{
	size_t linkinfo = rtnl_nest(b, IFLA_LINKINFO), data;

	rtnl_put_text(b, IFLA_INFO_KIND, "bridge");
	data = rtnl_nest(b, IFLA_INFO_DATA);
	rtnl_put_u32(b, IFLA_BR_FORWARD_DELAY, 0);
	rtnl_nest_end(b, data);
	rtnl_nest_end(b, linkinfo);
}

static int create(struct linux_net *l, const struct step_bridge *bridge, char *detail)
{
	const struct ifinfomsg info = { .ifi_family = AF_UNSPEC };
	struct rtnl_batch b = { .n = 0 };
	uint8_t mac[MAC_BYTES];

	mac_of(bridge->link, mac);
	rtnl_begin(&b, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, &info, sizeof(info));
	rtnl_put_text(&b, IFLA_IFNAME, bridge->link);
	rtnl_put(&b, IFLA_ADDRESS, mac, sizeof(mac));
	link_put_group(&b, bridge->alias);
	put_kind(&b);
	return link_made(l->rtnl, bridge->link, bridge->alias, rtnl_send(l->rtnl, &b, detail));
}

struct ports {
	int bridge;
	unsigned n;
};

static void count_port(void *arg, const struct link_info *link)
{
	struct ports *ports = arg;

	ports->n += link->master == ports->bridge && link->group != LINK_GROUP_GONE;
}

static void recount(void *arg)
{
	((struct ports *)arg)->n = 0;
}

/* How many links are ports of it, but for those that are being reaped. */
static int count_ports(struct linux_net *l, int bridge, unsigned *ret)
{
	struct ports ports = { .bridge = bridge };
	int r = link_each(l->rtnl, count_port, recount, &ports);

	if (r == 0)
		*ret = ports.n;
	return r;
}

/* Ports that nobody knows were left by an earlier life, and live on with the old address. */
static int check_move(struct linux_net *l, const struct step_bridge *bridge, int index,
		      char *detail)
{
	const struct ovd_cidr block = cidr_network(&bridge->gateway, bridge->prefix_len);
	unsigned n_ports;
	int r = count_ports(l, index, &n_ports);

	if (r == 0 && n_ports > 0) {
		snprintf(detail, PLAN_DETAIL_MAX, "%u ports are on it", n_ports);
		r = -EBUSY;
	}
	return r == 0 ? address_none_in(l->rtnl, &block, NULL, detail) : r;
}

static int check_growth(struct linux_net *l, const struct step_bridge *bridge, char *detail)
{
	const struct ovd_cidr *last = &bridge->more[bridge->n_more - 1],
			      block = cidr_network(&last->ip, last->prefix_len);

	return address_none_in(l->rtnl, &block, NULL, detail);
}

/* What is there may be ours from an earlier life. */
static int take_over(struct linux_net *l, const struct step_bridge *bridge, char *detail)
{
	struct link_info link;
	int r = link_get(l->rtnl, bridge->link, &link);

	if (r < 0)
		return r;
	if (strcmp(link.kind, "bridge") == 0 && link_has_alias(&link, bridge->alias)) {
		if (bridge->was.len)
			return check_move(l, bridge, link.index, detail);
		return bridge->grows ? check_growth(l, bridge, detail) : 0;
	}
	snprintf(detail, PLAN_DETAIL_MAX, "a %s that is not ours",
		 link.kind[0] ? link.kind : "link");
	return -EEXIST;
}

/* Once said, it holds also without ports; one with ports keeps its own. */
static int put_mtu(struct linux_net *l, struct rtnl_batch *b, const struct step_bridge *bridge,
		   const struct link_info *link, uint32_t mtu)
{
	unsigned n_ports = 0;
	int r = 0;

	if (!bridge->made || bridge->n_ports > 0)
		r = count_ports(l, link->index, &n_ports);
	if (r == 0)
		link_put_mtu(b, link->index, n_ports > 0 ? link->mtu : mtu);
	return r;
}

static int put_addresses(struct linux_net *l, const struct step_bridge *bridge, int index,
			 const struct ovd_cidr *first, size_t n_more, char *detail)
{
	struct ovd_cidr want[ADDRESSES_WANT_MAX] = { *first };
	size_t n = MIN(n_more, ARRAY_SIZE(want) - 1);

	for (size_t i = 0; i < n; i++)
		want[i + 1] = bridge->more[i];
	return address_only(l->rtnl, index, want, n + 1, detail);
}

/* An IPv6 bridge needs one; see address.h. */
static int give_link_local(struct linux_net *l, int index, const struct ovd_ip *gateway,
			   char *detail)
{
	struct rtnl_batch b = { .n = 0 };
	int r;

	if (gateway->len != 16)
		return 0;
	address_put_link_local(&b, index);
	r = rtnl_send(l->rtnl, &b, detail);
	if (r == -EEXIST)
		detail[0] = '\0';
	return r == -EEXIST ? 0 : r;
}

/* Who listens to the kernel's events hears of what is changed, and of nothing else. */
static int configure(struct linux_net *l, const struct step_bridge *bridge, char *detail)
{
	const struct ovd_cidr first = { bridge->gateway, bridge->prefix_len };
	uint32_t mtu = platform_mtu(l);
	struct rtnl_batch b = { .n = 0 };
	struct link_info link;
	bool settled;
	int r = link_get(l->rtnl, bridge->link, &link);

	if (r < 0)
		return r;
	r = sysctl_ip6(bridge->link, bridge->gateway.len == 16);
	if (r < 0)
		return r;
	settled = strcmp(link.alias, bridge->alias) == 0;
	if (!settled)
		link_put_quiet(&b, link.index, NULL, bridge->alias);
	if (!settled || link.mtu != mtu)
		r = put_mtu(l, &b, bridge, &link, mtu);
	if (r < 0)
		return r;
	link_put_up(&b, link.index, NULL);
	r = rtnl_send(l->rtnl, &b, detail);
	if (r == 0)
		r = give_link_local(l, link.index, &bridge->gateway, detail);
	if (r == 0)
		r = put_addresses(l, bridge, link.index, &first, bridge->n_more, detail);
	if (r == 0)
		r = platform_forward(l, bridge->link);
	return r;
}

static int put_on(struct linux_net *l, const char *port, int bridge, char *detail)
{
	const struct ifinfomsg info = { .ifi_family = AF_UNSPEC, .ifi_index = link_index(port) };
	struct rtnl_batch b = { .n = 0 };

	if (info.ifi_index == 0)
		return 0;
	rtnl_begin(&b, RTM_NEWLINK, 0, &info, sizeof(info));
	rtnl_put_u32(&b, IFLA_MASTER, (uint32_t)bridge);
	return rtnl_send(l->rtnl, &b, detail);
}

static int make(struct linux_net *l, struct step_bridge *bridge, char *detail)
{
	const struct ovd_cidr block = cidr_network(&bridge->gateway, bridge->prefix_len);
	int r = address_none_in(l->rtnl, &block, NULL, detail), index;

	for (size_t i = 0; i < bridge->n_more && r == 0; i++) {
		const struct ovd_cidr more =
			cidr_network(&bridge->more[i].ip, bridge->more[i].prefix_len);

		r = address_none_in(l->rtnl, &more, NULL, detail);
	}
	if (r == 0)
		r = create(l, bridge, detail);
	bridge->made = r == 0;
	index = link_index(bridge->link);
	for (size_t i = 0; i < bridge->n_ports && r == 0; i++)
		r = put_on(l, bridge->ports[i], index, detail);
	return r;
}

/* One of that name that is being deleted is waited for. */
static bool is_there(struct linux_net *l, const char *name)
{
	int index = link_index(name);

	if (index > 0)
		reaper_wait_for(l->reaper, index);
	return link_index(name) != 0;
}

int bridge_create(void *platform, struct step *step, char *detail)
{
	struct linux_net *l = platform;
	struct step_bridge *bridge = &step->bridge;
	bool there = is_there(l, bridge->link);
	int r;

	bridge->made = false;
	r = there ? take_over(l, bridge, detail) : make(l, bridge, detail);
	if (r < 0 && there)
		return r;
	if (r == 0)
		r = configure(l, bridge, detail);
	if (r < 0)
		bridge_undo(platform, step);
	return r;
}

void bridge_undo(void *platform, struct step *step)
{
	struct linux_net *l = platform;
	const struct step_bridge *bridge = &step->bridge;
	const struct ovd_cidr now = { bridge->gateway, bridge->prefix_len },
			      was = { bridge->was, bridge->was_len };
	char detail[PLAN_DETAIL_MAX] = "";
	int r = 0;

	if (!bridge->made && bridge->was.len)
		r = sysctl_ip6(bridge->link, was.ip.len == 16);
	if (bridge->made)
		link_delete(l->rtnl, bridge->link);
	else if (r == 0 && (bridge->was.len || bridge->grows))
		r = put_addresses(l, bridge, link_index(bridge->link),
				  bridge->was.len ? &was : &now, bridge->n_more - bridge->grows,
				  detail);
	if (r < 0)
		log_at(l->log, LOG_ERROR, "bridge %s could not be given its addresses again: %s",
		       bridge->link, detail);
}

/* ---- deletion ---- */

/* Its subnets are free at once, it goes when the reaper gets to it. That may be before it is down,
 * or again and again; what fails here makes no difference to whom it was taken from. */
static int take_away(struct linux_net *l, int index)
{
	char detail[PLAN_DETAIL_MAX] = "";
	struct rtnl_batch b = { .n = 0 };
	int r = reaper_take(l->reaper, index);

	if (r < 0)
		return r;
	address_only(l->rtnl, index, NULL, 0, detail);
	link_put_down(&b, index);
	rtnl_send(l->rtnl, &b, detail);
	return 0;
}

int bridge_delete(void *platform, struct step *step, char *detail)
{
	struct linux_net *l = platform;
	struct step_bridge_delete *gone = &step->bridge_delete;
	struct link_info link;
	unsigned n_ports = 0;
	int r = link_get(l->rtnl, gone->link, &link);

	if (r == -ENODEV)
		return 0;
	if (r < 0)
		return r;
	if (!link_has_alias(&link, gone->alias)) {
		snprintf(detail, PLAN_DETAIL_MAX, "it is not ours");
		return -EPERM;
	}
	if (gone->idle_only)
		r = count_ports(l, link.index, &n_ports);
	if (r < 0 || n_ports > 0)
		return r;
	r = take_away(l, link.index);
	gone->gone = r == 0;
	return r == -EALREADY ? 0 : r;
}

/* ---- list ---- */

int bridge_list(void *platform, struct step *step, char *detail _unused_)
{
	struct linux_net *l = platform;
	struct step_bridge_list *list = &step->bridge_list;
	_cleanup_(freep) struct link_info *links = NULL;
	size_t n;
	int r = idle_links(l->rtnl, list->mark, &links, &n);

	if (r < 0)
		return r;
	list->names = calloc(n + 1, sizeof(*list->names));
	if (!list->names)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++)
		if (strcmp(links[i].kind, "bridge") == 0)
			memcpy(list->names[list->n_names++], links[i].name, LINK_NAME_MAX);
	return 0;
}
