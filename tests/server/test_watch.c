#include "server/watch.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/check.h"

static void count(void *arg)
{
	++*(unsigned *)arg;
}

static unsigned turn(uv_loop_t *loop, unsigned *n)
{
	*n = 0;
	uv_run(loop, UV_RUN_NOWAIT);
	return *n;
}

TEST(it_is_called_for_what_is_watched)
{
	struct watch *w;
	uv_loop_t loop;
	unsigned n;
	int fds[2];

	CHECK_INT(uv_loop_init(&loop), 0);
	CHECK_INT(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fds), 0);
	w = watch_new(&loop, fds[0], POLLIN, count, &n);
	CHECK(w);
	CHECK_INT(watch_fd(w), fds[0]);
	CHECK_INT(turn(&loop, &n), 0);
	watch_events(w, POLLIN | POLLOUT);
	CHECK_INT(turn(&loop, &n), 1);
	watch_events(w, POLLIN);
	CHECK_INT(turn(&loop, &n), 0);
	CHECK_INT(write(fds[1], "x", 1), 1);
	CHECK_INT(turn(&loop, &n), 1);
	CHECK_INT(turn(&loop, &n), 1); /* nobody has read it */
	watch_events(w, 0);
	CHECK_INT(turn(&loop, &n), 0);
	watch_events(w, POLLIN);
	watch_free(w);
	watch_free(NULL);
	CHECK_INT(turn(&loop, &n), 0);
	close(fds[0]);
	close(fds[1]);
	CHECK_INT(uv_loop_close(&loop), 0);
	uv_library_shutdown();
}

TEST(a_descriptor_that_cannot_be_watched)
{
	_cleanup_(fd_closep) int file = open("/proc/self/status", O_RDONLY | O_CLOEXEC);
	uv_loop_t loop;

	CHECK_INT(uv_loop_init(&loop), 0);
	CHECK(!watch_new(&loop, file, POLLIN, count, NULL)); /* epoll knows no files */
	CHECK_INT(uv_loop_close(&loop), 0);
	uv_library_shutdown();
}
