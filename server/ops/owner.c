#include "server/ops/owner.h"

#include <errno.h>
#include <stdio.h>

#include "server/engine/name.h"

bool owner_is_by_fd(const struct owner *owner)
{
	return owner->kind == HANDLE_NETNS && owner->id.p[0] != '/';
}

int owner_open(const struct daemon *d, const struct owner *owner, struct net_owner *ret)
{
	char path[HANDLE_ID_MAX + 1];

	if (owner->netns >= 0)
		return d->net->fd_open(d->net->platform, owner->netns, ret);
	if (owner->kind == HANDLE_PID)
		return d->net->owner_open(d->net->platform, owner->pid, ret);
	if (owner_is_by_fd(owner))
		return -EBADF;
	snprintf(path, sizeof(path), "%.*s", VIEW(owner->id));
	return d->net->netns_open(d->net->platform, path, ret);
}

bool owner_is(const struct owner *owner, const struct net_owner *now)
{
	return now->start_time == owner->start_time && now->netns_ino == owner->netns_ino &&
	       now->netns_dev == owner->netns_dev;
}

bool owner_look(const struct daemon *d, const struct owner *owner, struct net_owner *ret)
{
	int r = owner_open(d, owner, ret);

	if (r < 0)
		return r != -EMFILE && r != -ENFILE && r != -ENOMEM;
	return !owner_is(owner, ret);
}

static bool has_interface(const struct daemon *d, const struct owner *owner)
{
	char link[LINK_NAME_MAX];

	name_veth(owner->netns_ino, 0, link);
	return d->net->has_link(d->net->platform, link);
}

bool owner_gone(const void *arg, const struct owner *owner)
{
	_cleanup_(net_owner_done) struct net_owner now = NET_OWNER_NONE;

	if (owner->kind == HANDLE_GUEST || owner->kind == HANDLE_HOST)
		return false;
	if (owner_is_by_fd(owner))
		return !has_interface(arg, owner);
	return owner_look(arg, owner, &now);
}
