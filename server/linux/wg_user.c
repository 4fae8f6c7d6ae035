/* Devices of wireguard-go, over its control sockets. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/syscall.h>

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

static int user_make(struct wg *wg, const char *link, const char *alias _unused_, bool *ret_made)
{
	int r;

	if (user_is(wg, link))
		return -EEXIST;
	if (link_index(link)) { /* and nobody who answers for it yet */
		r = wg_process_wait(wg, link);
		if (r == 0)
			*ret_made = false;
		return r;
	}
	r = wg_process_start(wg, link);
	*ret_made = r == 0;
	return r;
}

/* The process behind the socket: -1 if it can't be told. unix(7): whoever listens. */
static int process_of(int socket)
{
	struct ucred who;
	socklen_t n = sizeof(who);

	if (getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &who, &n) < 0 || who.pid <= 0)
		return -1;
	return (int)syscall(SYS_pidfd_open, who.pid, 0);
}

/* 0, or -ETIMEDOUT. A process that is no child of ours ends when its device goes; one that hangs is
 * made to. */
static int wait_for_end(int process)
{
	struct pollfd ended = { .fd = process, .events = POLLIN };

	if (poll(&ended, 1, WG_SECONDS * 1000) > 0)
		return 0;
	syscall(SYS_pidfd_send_signal, process, SIGKILL, NULL, 0);
	return poll(&ended, 1, WG_SECONDS * 1000) > 0 ? 0 : -ETIMEDOUT;
}

static int user_delete(struct wg *wg, const char *link)
{
	_cleanup_(fd_closep) int socket = connect_to(wg, link), rtnl = rtnl_open();
	_cleanup_(fd_closep) int process = socket < 0 ? -1 : process_of(socket);
	int r = rtnl < 0 ? rtnl : 0;

	wg_process_stop(wg, link);
	if (r == 0 && link_index(link))
		r = link_delete(rtnl, link);
	if (r == 0 && process >= 0)
		r = wait_for_end(process);
	wg_process_tidy(wg, link);
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
