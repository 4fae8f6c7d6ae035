#include "server/linux/idle.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/util.h"

struct links {
	const char *mark;
	struct link_info *found; /* of ours */
	int *masters;            /* of any link */
	size_t n_found, n_masters;
	bool failed;
};

static void *grow(void *p, size_t n, size_t size, bool *failed)
{
	void *more = n & (n - 1) ? p : realloc(p, (n ? n * 2 : 1) * size);

	*failed |= !more;
	return more ? more : p;
}

static void gather(void *arg, const struct link_info *link)
{
	struct links *all = arg;

	if (link->master && link->group != LINK_GROUP_GONE) {
		all->masters =
			grow(all->masters, all->n_masters, sizeof(*all->masters), &all->failed);
		if (!all->failed)
			all->masters[all->n_masters++] = link->master;
	}
	if (strcmp(link->kind, "veth") != 0 && link_has_alias(link, all->mark)) {
		all->found = grow(all->found, all->n_found, sizeof(*all->found), &all->failed);
		if (!all->failed)
			all->found[all->n_found++] = *link;
	}
}

static void gather_again(void *arg)
{
	struct links *all = arg;

	all->n_found = all->n_masters = 0;
}

static bool is_master(const struct links *all, int index)
{
	for (size_t i = 0; i < all->n_masters; i++)
		if (all->masters[i] == index)
			return true;
	return false;
}

int idle_links(int fd, const char *mark, struct link_info **ret, size_t *ret_n)
{
	struct links all = { .mark = mark };
	int r = link_each(fd, gather, gather_again, &all);
	size_t n = 0;

	if (r == 0 && all.failed)
		r = -ENOMEM;
	for (size_t i = 0; i < all.n_found && r == 0; i++)
		if (!is_master(&all, all.found[i].index))
			all.found[n++] = all.found[i];
	free(all.masters);
	if (r < 0) {
		free(all.found);
		return r;
	}
	*ret = all.found;
	*ret_n = n;
	return 0;
}
