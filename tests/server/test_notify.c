#include "server/notify.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "tests/check.h"

/* The service manager's end: the path's first byte may be '@'. */
static int manager(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	size_t n = strlen(path);
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	memcpy(address.sun_path, path, n);
	if (path[0] == '@')
		address.sun_path[0] = '\0';
	CHECK_INT(bind(fd, (const struct sockaddr *)&address,
		       (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n)),
		  0);
	return fd;
}

static void check_told(int fd, const char *want)
{
	char text[64] = "";

	CHECK(recv(fd, text, sizeof(text) - 1, 0) > 0);
	CHECK_STR(text, want);
	CHECK(recv(fd, text, sizeof(text) - 1, 0) < 0 && errno == EAGAIN);
}

static void check_tells(const char *path)
{
	_cleanup_(fd_closep) int fd = manager(path);

	setenv("NOTIFY_SOCKET", path, 1);
	notify_state("READY=1");
	check_told(fd, "READY=1");
	notify_state("STOPPING=1");
	check_told(fd, "STOPPING=1");
}

/* dir/xxx..., n bytes long in all. */
static void path_of_length(char *path, const char *dir, size_t n)
{
	size_t at = (size_t)snprintf(path, 128, "%s/", dir);

	memset(path + at, 'x', n - at);
	path[n] = '\0';
}

TEST(by_path)
{
	char dir[] = "/tmp/notify-XXXXXX", path[128];
	size_t most = sizeof(((struct sockaddr_un *)0)->sun_path) - 1;

	CHECK(mkdtemp(dir));
	for (size_t n = sizeof(dir) + 1; n <= most; n += most - sizeof(dir) - 1) {
		CASE("%zu bytes", n);
		path_of_length(path, dir, n);
		check_tells(path);
		unlink(path);
	}
	rmdir(dir);
}

TEST(by_abstract_name)
{
	char name[64];

	snprintf(name, sizeof(name), "@overlayd-test-notify-%d", (int)getpid());
	check_tells(name);
}

TEST(nobody_to_tell)
{
	char path[256] = "/";

	unsetenv("NOTIFY_SOCKET");
	notify_state("READY=1");
	memset(path + 1, 'x', sizeof(path) - 2);
	for (size_t i = 0; i < 6; i++) {
		const char *const values[] = {
			"", "/", "@", "relative", "/nonexistent/socket", path
		};

		CASE("%s", values[i]);
		setenv("NOTIFY_SOCKET", values[i], 1);
		notify_state("READY=1"); /* comes back, and leaves no descriptor */
	}
}

/* A relative path is no address: who sits there hears nothing. */
TEST(a_relative_path_is_none)
{
	_cleanup_(fd_closep) int fd = -1;
	char dir[] = "/tmp/notify-XXXXXX", text[8];

	CHECK(mkdtemp(dir));
	CHECK_INT(chdir(dir), 0);
	fd = manager("here");
	setenv("NOTIFY_SOCKET", "here", 1);
	notify_state("READY=1");
	CHECK(recv(fd, text, sizeof(text), 0) < 0 && errno == EAGAIN);
	unlink("here");
	rmdir(dir);
}
