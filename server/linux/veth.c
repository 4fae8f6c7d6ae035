#include <errno.h>

#include "server/linux/address.h"
#include "server/linux/link.h"
#include "server/linux/pair.h"

#define LO_INDEX 1 /* the first link of every namespace */

static int configure(struct linux_net *l, const struct step_veth *veth, const struct pair *pair,
		     char *detail)
{
	const struct route out = {
		.to = { .ip = { .len = veth->ip.len } },
		.gateway = veth->gateway,
		.index = pair->index,
		.table = RT_TABLE_MAIN,
	};
	struct rtnl_batch b = { .n = 0 };

	link_put_up(&b, LO_INDEX, NULL);
	link_put_quiet(&b, pair->index, NULL, NULL);
	link_put_up(&b, pair->index, NULL);
	address_put(&b, pair->index, &veth->ip, veth->prefix_len);
	route_put(&b, &out);
	return pair_configure(l, pair, &b, detail);
}

int veth_create(void *platform, struct step *step, char *detail)
{
	struct linux_net *l = platform;
	struct step_veth *veth = &step->veth;
	struct pair pair = {
		.netns = veth->netns,
		.host = veth->host,
		.guest = veth->guest,
		.alias = veth->alias,
		.mac = veth->has_mac ? veth->mac : NULL,
	};
	struct link_info bridge;
	int r = link_get(l->rtnl, veth->bridge, &bridge);

	if (r < 0)
		return r;
	pair.master = bridge.index;
	pair.mtu = bridge.mtu; /* what one port sends another one takes */
	r = pair_create(l, &pair, detail);
	veth->index = pair.index;
	if (r < 0)
		return r;
	r = configure(l, veth, &pair, detail);
	if (r == 0)
		r = pair_wait(l, &pair);
	if (r < 0)
		veth_undo(platform, step);
	return r;
}

void veth_undo(void *platform, struct step *step)
{
	pair_delete(platform, &step->veth.index);
}
