/* What an earlier life left. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "server/linux/link.h"
#include "server/engine/start.h"
#include "server/linux/platform.h"

struct survey {
	const char *mark;
	struct found_links found;
	size_t room;
	bool failed;
};

static enum found_kind kind_of(const struct link_info *link)
{
	if (strcmp(link->kind, "veth") == 0)
		return FOUND_CONTAINER;
	return strcmp(link->kind, "bridge") == 0 ? FOUND_BRIDGE : FOUND_TUNNEL;
}

static bool grow(struct survey *s)
{
	size_t room = s->room ? s->room * 2 : 64;
	struct found_link *more;

	if (s->found.n < s->room)
		return true;
	more = realloc(s->found.links, room * sizeof(*more));
	s->failed |= !more;
	if (!more)
		return false;
	s->found.links = more;
	s->room = room;
	return true;
}

static void take(void *arg, const struct link_info *link)
{
	struct survey *s = arg;
	struct found_link *found;

	if (link->group == LINK_GROUP_GONE || !link_has_alias(link, s->mark) || !grow(s))
		return;
	found = &s->found.links[s->found.n++];
	*found = (struct found_link){ .kind = kind_of(link), .index = link->index };
	memcpy(found->name, link->name, sizeof(found->name));
}

static void restart(void *arg)
{
	((struct survey *)arg)->found.n = 0;
}

int survey_links(void *platform, const char *mark, struct found_links *ret)
{
	struct linux_net *l = platform;
	struct survey s = { .mark = mark };
	int r = link_each(l->rtnl, take, restart, &s);

	if (r == 0 && s.failed)
		r = -ENOMEM;
	if (r < 0) {
		free(s.found.links);
		return r;
	}
	reaper_wake(l->reaper); /* what was cut and not deleted yet */
	*ret = s.found;
	return 0;
}
