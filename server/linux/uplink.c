#include <errno.h>
#include <stdlib.h>

#include "runtime/util.h"
#include "server/linux/egress.h"
#include "server/linux/idle.h"
#include "server/linux/platform.h"

static int set_mtu(struct linux_net *l, const char *mark, uint32_t mtu, char *detail)
{
	_cleanup_(freep) struct link_info *links = NULL;
	size_t n = 0;
	int r = idle_links(l->rtnl, mark, &links, &n);

	for (size_t i = 0; i < n && r == 0; i++) {
		struct rtnl_batch b = { .n = 0 };

		if (links[i].mtu == mtu)
			continue;
		link_put_mtu(&b, links[i].index, mtu);
		r = rtnl_send(l->rtnl, &b, detail);
		if (r == -ENODEV)
			r = 0;
	}
	return r;
}

/* While there is no way out, all stays as it is for the one that comes. */
int uplink_follow(void *platform, struct step *step, char *detail)
{
	struct linux_net *l = platform;
	const struct egress egress = egress_find(l->rtnl);
	int r;

	if (egress.n == 0)
		return 0;
	r = egress_forward(l->net.store, &egress);
	if (r < 0)
		return r;
	l->mtu = egress_tunnel_mtu(&egress);
	return set_mtu(l, step->uplink.mark, l->mtu, detail);
}
