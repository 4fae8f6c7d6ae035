/* Bridges and tunnels whose records are lost. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "server/linux/address.h"
#include "server/linux/link.h"
#include "server/linux/platform.h"

struct seen {
	int index;
	struct net_link link;
};

struct reading {
	const char *mark;
	struct seen *all;
	size_t n, room;
	bool failed;
};

static struct seen *add(struct reading *reading)
{
	size_t room = reading->room ? reading->room * 2 : 16;
	struct seen *more;

	if (reading->n == reading->room) {
		more = realloc(reading->all, room * sizeof(*more));
		reading->failed |= !more;
		if (!more)
			return NULL;
		reading->all = more;
		reading->room = room;
	}
	return &reading->all[reading->n++];
}

static void take(void *arg, const struct link_info *link)
{
	struct reading *reading = arg;
	struct seen *seen;

	if (link->group == LINK_GROUP_GONE || strcmp(link->kind, "veth") == 0 ||
	    strlen(link->alias) >= sizeof(seen->link.alias) ||
	    strncmp(link->alias, reading->mark, strlen(reading->mark)) != 0)
		return;
	seen = add(reading);
	if (!seen)
		return;
	*seen = (struct seen){ .index = link->index };
	seen->link.is_bridge = strcmp(link->kind, "bridge") == 0;
	memcpy(seen->link.name, link->name, sizeof(link->name));
	memcpy(seen->link.alias, link->alias, sizeof(seen->link.alias));
}

static void restart(void *arg)
{
	((struct reading *)arg)->n = 0;
}

int read_links(void *platform, const char *mark,
	       void (*each)(void *arg, const struct net_link *link), void *arg)
{
	struct linux_net *l = platform;
	struct reading reading = { .mark = mark };
	int r = link_each(l->rtnl, take, restart, &reading);

	if (r == 0 && reading.failed)
		r = -ENOMEM;
	for (size_t i = 0; i < reading.n && r == 0; i++) {
		struct net_link *link = &reading.all[i].link;

		r = address_list(l->rtnl, reading.all[i].index, link->addresses, NET_ADDRESSES_MAX,
				 &link->n_addresses);
		if (r == 0)
			each(arg, link);
		else if (r == -ENODEV) /* it has gone meanwhile */
			r = 0;
	}
	free(reading.all);
	return r;
}

int read_tunnel(void *platform, const char *link,
		void (*each)(void *arg, const struct tunnel_state *state), void *arg)
{
	struct linux_net *l = platform;
	struct tunnel_state state;
	int r = wg_get(l->wg, link, &state);

	if (r < 0)
		return r;
	each(arg, &state);
	tunnel_state_done(&state);
	return 0;
}
