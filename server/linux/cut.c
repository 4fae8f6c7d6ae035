#include <errno.h>
#include <linux/if.h>
#include <linux/if_link.h>
#include <sys/socket.h>

#include "runtime/util.h"
#include "server/linux/link.h"
#include "server/linux/platform.h"

/* One that isn't ours took the name of one that is gone. */
static int cut(struct linux_net *l, const char *name, const char *mark, char *detail)
{
	struct ifinfomsg down = { .ifi_family = AF_UNSPEC, .ifi_change = IFF_UP };
	struct rtnl_batch b = { .n = 0 };
	struct link_info link;
	int r = link_get(l->rtnl, name, &link);

	if (r == 0 && !link_has_alias(&link, mark))
		return 0;
	if (r == 0) {
		down.ifi_index = link.index;
		rtnl_begin(&b, RTM_NEWLINK, 0, &down, sizeof(down));
		rtnl_put_u32(&b, IFLA_GROUP, LINK_GROUP_GONE);
		r = rtnl_send(l->rtnl, &b, detail);
	}
	return r == -ENODEV ? 0 : r;
}

int cut_run(void *platform, struct step *step, char *detail)
{
	struct linux_net *l = platform;
	int first = 0;

	for (size_t i = 0; i < ARRAY_SIZE(step->cut.host); i++) {
		int r = step->cut.host[i][0] ? cut(l, step->cut.host[i], step->cut.mark, detail)
					     : 0;

		if (first == 0)
			first = r;
	}
	reaper_wake(l->reaper);
	return first;
}
