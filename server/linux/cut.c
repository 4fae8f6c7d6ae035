#include <errno.h>

#include "runtime/util.h"
#include "server/linux/link.h"
#include "server/linux/platform.h"

/* One that isn't ours took the name of one that is gone. */
static int find(struct linux_net *l, const char *name, const char *mark, struct link_info *ret)
{
	int r = name[0] ? link_get(l->rtnl, name, ret) : -ENODEV;

	return r == 0 && !link_has_alias(ret, mark) ? -ENODEV : r;
}

/* One that the reaper has had since then is cut too. */
static bool is_cut(struct linux_net *l, const char *name)
{
	struct link_info link;
	int r = link_get(l->rtnl, name, &link);

	return r == -ENODEV || (r == 0 && link.group == LINK_GROUP_GONE);
}

/* All at once, so that a failure leaves all as they were. */
static int cut(struct linux_net *l, const struct step_cut *step, char *detail)
{
	struct rtnl_batch b = { .n = 0 };
	bool all = true;
	int r;

	for (size_t i = 0; i < ARRAY_SIZE(step->host); i++) {
		struct link_info link;

		r = find(l, step->host[i], step->mark, &link);
		if (r < 0 && r != -ENODEV)
			return r;
		if (r == 0)
			link_put_gone(&b, link.index);
	}
	r = rtnl_send(l->rtnl, &b, detail);
	for (size_t i = 0; i < ARRAY_SIZE(step->host) && r < 0; i++) /* the answer may be lost */
		all = all && (!step->host[i][0] || is_cut(l, step->host[i]));
	return r < 0 && all ? 0 : r;
}

int cut_run(void *platform, struct step *step, char *detail)
{
	struct linux_net *l = platform;
	int r = cut(l, &step->cut, detail);

	reaper_wake(l->reaper);
	return r;
}
