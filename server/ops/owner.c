#include "server/ops/owner.h"

bool owner_gone(const void *arg, const struct owner *owner)
{
	const struct daemon *d = arg;
	_cleanup_(net_owner_done) struct net_owner now = { .netns = -1 };

	return d->net->owner_open(d->net->platform, owner->pid, &now) < 0 ||
	       now.start_time != owner->start_time || now.netns_ino != owner->netns_ino ||
	       now.netns_dev != owner->netns_dev;
}
