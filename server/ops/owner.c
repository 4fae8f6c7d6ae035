#include "server/ops/owner.h"

#include <stdio.h>

int owner_open(const struct daemon *d, const struct owner *owner, struct net_owner *ret)
{
	char path[HANDLE_ID_MAX + 1];

	if (owner->kind == HANDLE_PID)
		return d->net->owner_open(d->net->platform, owner->pid, ret);
	snprintf(path, sizeof(path), "%.*s", VIEW(owner->id));
	return d->net->netns_open(d->net->platform, path, ret);
}

bool owner_is(const struct owner *owner, const struct net_owner *now)
{
	return now->start_time == owner->start_time && now->netns_ino == owner->netns_ino &&
	       now->netns_dev == owner->netns_dev;
}

bool owner_gone(const void *arg, const struct owner *owner)
{
	_cleanup_(net_owner_done) struct net_owner now = NET_OWNER_NONE;

	if (owner->kind == HANDLE_GUEST || owner->kind == HANDLE_HOST)
		return false;
	return owner_open(arg, owner, &now) < 0 || !owner_is(owner, &now);
}
