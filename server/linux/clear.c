/* Nothing of ours is left: every link that bears our mark goes. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/buf.h"
#include "runtime/util.h"
#include "server/engine/start.h"
#include "server/linux/link.h"
#include "server/linux/platform.h"

#define TOGETHER 64 /* so many go into a batch */

/* What can't be put there is left. */
static void clear_containers(struct linux_net *l, const struct found_links *found, char *detail)
{
	struct rtnl_batch b = { .n = 0 };

	for (size_t i = 0; i < found->n; i++) {
		if (found->links[i].kind == FOUND_CONTAINER)
			link_put_gone(&b, found->links[i].index);
		if (b.count == TOGETHER)
			rtnl_send(l->rtnl, &b, detail);
	}
	rtnl_send(l->rtnl, &b, detail);
	reaper_wake(l->reaper);
	reaper_finish(l->reaper);
}

static void clear_link(struct linux_net *l, const struct found_link *link)
{
	switch (link->kind) {
	case FOUND_CONTAINER:
		break;
	case FOUND_BRIDGE:
		link_delete_index(l->rtnl, link->index);
		break;
	case FOUND_TUNNEL:
		wg_delete(l->wg, link->name);
		link_delete(l->rtnl, link->name); /* whose wireguard-go is not to be found */
		break;
	}
}

/* ---- what could not be removed ---- */

struct left {
	const char *mark;
	struct buf names;
};

static void note_left(void *arg, const struct link_info *link)
{
	struct left *left = arg;

	if (link_has_alias(link, left->mark))
		buf_printf(&left->names, "%s%s", left->names.n > 0 ? " " : "", link->name);
}

static void forget_left(void *arg)
{
	((struct left *)arg)->names.n = 0;
}

static int check_clear(struct linux_net *l, const char *mark, char *detail)
{
	struct left left = { .mark = mark };
	int r = link_each(l->rtnl, note_left, forget_left, &left);

	if (r == 0 && left.names.n > 0) {
		snprintf(detail, PLAN_DETAIL_MAX, "left: %.*s", (int)left.names.n, left.names.p);
		r = -EBUSY;
	}
	buf_done(&left.names);
	return r;
}

int clear_run(void *platform, struct step *step, char *detail)
{
	struct linux_net *l = platform;
	const char *mark = step->clear.mark;
	struct found_links found = { .n = 0 };
	int r = survey_links(l, mark, &found);

	if (r < 0)
		return r;
	clear_containers(l, &found, detail);
	for (size_t i = 0; i < found.n; i++)
		clear_link(l, &found.links[i]);
	free(found.links);
	return check_clear(l, mark, detail);
}
