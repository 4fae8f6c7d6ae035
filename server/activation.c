#include "server/activation.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "runtime/number.h"
#include "runtime/util.h"

#define FIRST_FD 3 /* SD_LISTEN_FDS_START */

_Static_assert(ACTIVATION_PATH_MAX > sizeof(((struct sockaddr_un *)0)->sun_path), "too short");

/* 0 if it isn't set, or no number. */
static uint64_t number_in(const char *variable)
{
	const char *text = getenv(variable);
	uint64_t number;

	return text && u64_parse(view(text), INT32_MAX, &number) == 0 ? number : 0;
}

static int get_option(int fd, int option)
{
	int value;
	socklen_t n = sizeof(value);

	return getsockopt(fd, SOL_SOCKET, option, &value, &n) < 0 ? -1 : value;
}

static int check(int fd, char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNSPEC };
	socklen_t n = sizeof(address);

	if (get_option(fd, SO_TYPE) != SOCK_STREAM || get_option(fd, SO_ACCEPTCONN) != 1 ||
	    getsockname(fd, (struct sockaddr *)&address, &n) < 0 || address.sun_family != AF_UNIX)
		return -EINVAL;
	n = MIN(n, (socklen_t)sizeof(address));
	n -= (socklen_t)offsetof(struct sockaddr_un, sun_path);
	memcpy(path, address.sun_path, n);
	path[n] = '\0'; /* unix(7): a path of all bytes ends without one */
	if (path[0] == '\0' && n > 0)
		path[0] = '@';
	return 0;
}

static int prepare(int fd)
{
	int flags = fcntl(fd, F_GETFL);

	if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0 ||
	    fcntl(fd, F_SETFD, FD_CLOEXEC) < 0)
		return -errno;
	return fd;
}

int activation_take(char *path)
{
	bool for_us = number_in("LISTEN_PID") == (uint64_t)getpid();
	uint64_t n = number_in("LISTEN_FDS");
	int r;

	unsetenv("LISTEN_PID");
	unsetenv("LISTEN_FDS");
	unsetenv("LISTEN_FDNAMES");
	if (!for_us || n == 0)
		return -ENOENT;
	r = n == 1 ? check(FIRST_FD, path) : -EINVAL;
	return r < 0 ? r : prepare(FIRST_FD);
}
