/* Devices of wireguard-go, over its control sockets. */
#include <errno.h>
#include <time.h>

#include "runtime/stream_unix.h"
#include "runtime/util.h"
#include "server/linux/link.h"
#include "server/linux/wg_backend.h"
#include "server/linux/wg_process.h"
#include "server/linux/wg_user_channel.h"

static int connect_to(struct wg *wg, const char *link)
{
	char path[128];

	return stream_connect(wg_socket_path(wg, link, path));
}

static bool user_is(struct wg *wg, const char *link)
{
	_cleanup_(fd_closep) int fd = connect_to(wg, link);

	return fd >= 0;
}

static int user_make(struct wg *wg, const char *link, bool *ret_made)
{
	int r;

	if (link_index(link)) /* a link of that name, and nobody who answers for it */
		return -EEXIST;
	r = wg_process_start(wg, link);
	*ret_made = r == 0;
	return r;
}

/* One that is no child of ours ends when its device goes. */
static int user_delete(struct wg *wg, const char *link)
{
	const struct timespec moment = { .tv_nsec = 2000000 };
	_cleanup_(fd_closep) int fd = rtnl_open();
	int r = fd < 0 ? fd : 0;

	wg_process_stop(wg, link);
	if (r == 0 && link_index(link))
		r = link_delete(fd, link);
	for (int i = 0; r == 0 && i < WG_SECONDS * 500 && user_is(wg, link); i++)
		nanosleep(&moment, NULL);
	return r;
}

static int user_open(struct wg *wg, const char *link, struct tunnel **ret)
{
	_cleanup_(fd_closep) int fd = connect_to(wg, link);
	int r = fd < 0 ? fd : wg_user_channel_new(fd, ret);

	if (r == 0)
		fd = -1;
	return r;
}

const struct wg_backend wg_user = {
	.is = user_is,
	.make = user_make,
	.delete = user_delete,
	.open = user_open,
};
