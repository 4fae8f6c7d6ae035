#include "tests/conformance/suite/link.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <time.h>

#include "runtime/stream_unix.h"

#define PAUSE_MS 50

static void pause_ms(unsigned ms)
{
	const struct timespec t = { .tv_nsec = ms * 1000000L };

	nanosleep(&t, NULL);
}

int link_open(const char *path, unsigned ms)
{
	int fd = stream_connect(path);

	for (unsigned waited = 0; fd < 0 && waited < ms; waited += PAUSE_MS) {
		if (fd != -ECONNREFUSED && fd != -ENOENT && fd != -EAGAIN)
			return fd;
		pause_ms(PAUSE_MS);
		fd = stream_connect(path);
	}
	if (fd >= 0)
		fcntl(fd, F_SETFL, O_NONBLOCK);
	return fd;
}

static int wait_for(int fd, short events, unsigned ms)
{
	struct pollfd ready = { .fd = fd, .events = events };
	int n;

	do
		n = poll(&ready, 1, (int)ms);
	while (n < 0 && errno == EINTR);
	return n > 0 ? 0 : -ETIMEDOUT;
}

int link_send(int fd, const void *p, size_t n, unsigned ms)
{
	for (size_t done = 0; done < n;) {
		ssize_t w = send(fd, (const char *)p + done, n - done, MSG_NOSIGNAL);

		if (w < 0 && errno != EAGAIN && errno != EINTR)
			return -errno;
		if (w < 0 && wait_for(fd, POLLOUT, ms) < 0)
			return -ETIMEDOUT;
		done += w > 0 ? (size_t)w : 0;
	}
	return 0;
}

int link_receive(int fd, struct frame_reader *in, unsigned ms, struct ovd_view *ret)
{
	for (;;) {
		int r = frame_next(in, ret, NULL);
		size_t room;
		ssize_t n;
		char *p;

		if (r != 0)
			return r == 1 ? 0 : -EBADMSG;
		p = frame_room(in, &room);
		if (!p)
			return -ENOMEM;
		if (wait_for(fd, POLLIN, ms) < 0)
			return -ETIMEDOUT;
		n = recv(fd, p, room, 0);
		if (n == 0 || (n < 0 && errno == ECONNRESET))
			return frame_pending(in) ? -ECONNRESET : -ENOTCONN;
		if (n < 0 && errno != EAGAIN && errno != EINTR)
			return -errno;
		if (n > 0)
			frame_filled(in, (size_t)n);
	}
}

void link_shut(int fd)
{
	shutdown(fd, SHUT_WR);
}
