#include <errno.h>
#include <linux/if.h>
#include <linux/if_link.h>
#include <sys/socket.h>

#include "runtime/util.h"
#include "server/linux/link.h"
#include "server/linux/platform.h"

int cut_run(void *platform, struct step *step, char *detail)
{
	const struct ifinfomsg down = { .ifi_family = AF_UNSPEC, .ifi_change = IFF_UP };
	struct linux_net *l = platform;
	struct rtnl_batch b = { .n = 0 };
	int r;

	for (size_t i = 0; i < ARRAY_SIZE(step->cut.host); i++) {
		if (!step->cut.host[i][0])
			continue;
		rtnl_begin(&b, RTM_NEWLINK, 0, &down, sizeof(down));
		rtnl_put_text(&b, IFLA_IFNAME, step->cut.host[i]);
		rtnl_put_u32(&b, IFLA_GROUP, LINK_GROUP_GONE);
	}
	r = rtnl_send(l->rtnl, &b, detail);
	reaper_wake(l->reaper);
	return r == -ENODEV ? 0 : r;
}
