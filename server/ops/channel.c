#include "server/ops/channel.h"

#include <errno.h>

int channel_follow(struct daemon *d)
{
	const char *link = engine_global(d->engine).link;
	int r = 0;

	if (!link[0]) {
		channel_close(d);
		return 0;
	}
	if (!d->tunnel) {
		r = d->net->tunnel_open(d->net->platform, link, &d->tunnel);
		d->tunnel_changed(d);
	}
	return r;
}

void channel_close(struct daemon *d)
{
	struct tunnel *tunnel = d->tunnel;

	if (!tunnel)
		return;
	d->tunnel = NULL;
	d->tunnel_changed(d);
	tunnel->ops->close(tunnel);
}

/* The other side may have gone since; a new channel finds out whether somebody else has taken its
 * place. */
static bool reopened(struct daemon *d, int r)
{
	if (r != -EPIPE)
		return false;
	channel_close(d);
	return channel_follow(d) == 0;
}

int channel_set(struct daemon *d, const struct tunnel_change *change, tunnel_done_fn *done,
		void *arg)
{
	int r = d->tunnel ? d->tunnel->ops->set(d->tunnel, change, done, arg) : -ENOTCONN;

	if (reopened(d, r))
		r = d->tunnel->ops->set(d->tunnel, change, done, arg);
	d->tunnel_changed(d);
	return r;
}

int channel_get(struct daemon *d, tunnel_done_fn *done, void *arg)
{
	int r = d->tunnel ? d->tunnel->ops->get(d->tunnel, done, arg) : -ENOTCONN;

	if (reopened(d, r))
		r = d->tunnel->ops->get(d->tunnel, done, arg);
	d->tunnel_changed(d);
	return r;
}
