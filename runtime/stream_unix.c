#include "runtime/stream_unix.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "runtime/stream.h"
#include "runtime/util.h"

#define BACKLOG 1024

static int address_of(const char *path, struct sockaddr_un *ret)
{
	*ret = (struct sockaddr_un){ .sun_family = AF_UNIX };
	if (strlen(path) >= sizeof(ret->sun_path))
		return -ENAMETOOLONG;
	memcpy(ret->sun_path, path, strlen(path) + 1);
	return 0;
}

int stream_connect(const char *path)
{
	_cleanup_(fd_closep) int fd = -1;
	struct sockaddr_un address;
	int r = address_of(path, &address);

	if (r < 0)
		return r;
	/* a blocking connect would wait without end for a listener that is stuck */
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0 || connect(fd, (const struct sockaddr *)&address, sizeof(address)) < 0 ||
	    fcntl(fd, F_SETFL, 0) < 0)
		return -errno;
	r = fd;
	fd = -1;
	return r;
}

/* Removes a socket file that nobody listens on. */
static int remove_stale(const char *path)
{
	_cleanup_(fd_closep) int fd = -1;
	struct stat st;

	if (lstat(path, &st) < 0)
		return errno == ENOENT ? 0 : -errno;
	if (!S_ISSOCK(st.st_mode))
		return -EEXIST;
	fd = stream_connect(path);
	if (fd >= 0 || fd == -EAGAIN)
		return -EADDRINUSE;
	if (fd != -ECONNREFUSED)
		return fd;
	return unlink(path) < 0 && errno != ENOENT ? -errno : 0;
}

int stream_listen(const char *path, mode_t mode, gid_t group)
{
	_cleanup_(fd_closep) int fd = -1;
	struct sockaddr_un address;
	mode_t mask;
	int r = address_of(path, &address);

	if (r == 0)
		r = remove_stale(path);
	if (r < 0)
		return r;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	mask = umask(0777 & ~mode);
	r = bind(fd, (const struct sockaddr *)&address, sizeof(address)) < 0 ? -errno : 0;
	umask(mask);
	if (r < 0)
		return r;
	if (group != (gid_t)-1 && chown(path, (uid_t)-1, group) == 0)
		chmod(path, mode); /* chown may have taken bits away */
	if (listen(fd, BACKLOG) < 0) {
		r = -errno;
		unlink(path);
		return r;
	}
	r = fd;
	fd = -1;
	return r;
}

/* ---- a client's connection ---- */

struct stream {
	int fd;
};

int stream_open(const char *path, struct stream **ret)
{
	_cleanup_(freep) struct stream *s = calloc(1, sizeof(*s));
	int fd = s ? stream_connect(path) : -ENOMEM;

	if (fd < 0)
		return fd;
	s->fd = fd;
	*ret = s;
	s = NULL;
	return 0;
}

void stream_close(struct stream *s)
{
	if (!s)
		return;
	fd_closep(&s->fd);
	free(s);
}

ssize_t stream_read(struct stream *s, void *p, size_t n)
{
	ssize_t got = recv(s->fd, p, n, MSG_DONTWAIT);

	return got < 0 ? -errno : got;
}

ssize_t stream_write(struct stream *s, const void *p, size_t n)
{
	ssize_t put = send(s->fd, p, n, MSG_NOSIGNAL | MSG_DONTWAIT);

	return put < 0 ? -errno : put;
}

ssize_t stream_write_fds(struct stream *s, const void *p, size_t n, const int *fds, size_t n_fds)
{
	_Alignas(struct cmsghdr) char control[CMSG_SPACE(STREAM_FDS_MAX * sizeof(int))] = { 0 };
	struct cmsghdr *rights = (struct cmsghdr *)(void *)control;
	struct iovec bytes = { .iov_base = (void *)p, .iov_len = n };
	const struct msghdr message = { .msg_iov = &bytes,
					.msg_iovlen = 1,
					.msg_control = control,
					.msg_controllen = CMSG_SPACE(n_fds * sizeof(int)) };
	ssize_t put;

	*rights = (struct cmsghdr){ .cmsg_len = CMSG_LEN(n_fds * sizeof(int)),
				    .cmsg_level = SOL_SOCKET,
				    .cmsg_type = SCM_RIGHTS };
	memcpy(CMSG_DATA(rights), fds, n_fds * sizeof(int));
	put = sendmsg(s->fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
	return put < 0 ? -errno : put;
}

int stream_wait(struct stream *s, int what, int ms)
{
	struct pollfd watched = { .fd = s->fd,
				  .events = (short)((what & STREAM_READABLE ? POLLIN : 0) |
						    (what & STREAM_WRITABLE ? POLLOUT : 0)) };
	int r = poll(&watched, 1, ms);

	if (r < 0)
		return errno == EINTR ? 0 : -errno;
	if (r > 0 && watched.revents & ~(POLLIN | POLLOUT))
		return what;
	return (watched.revents & POLLIN ? STREAM_READABLE : 0) |
	       (watched.revents & POLLOUT ? STREAM_WRITABLE : 0);
}

int stream_shut(struct stream *s)
{
	return shutdown(s->fd, SHUT_WR) < 0 ? -errno : 0;
}

int stream_fd(const struct stream *s)
{
	return s->fd;
}
