#include "server/activation.h"

#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "tests/check.h"

/* As the service manager does it: number 3, open across exec. */
static void hand_over(int fd, const char *n)
{
	char pid[16];

	CHECK_INT(dup2(fd, 3), 3);
	if (fd != 3)
		close(fd);
	snprintf(pid, sizeof(pid), "%d", (int)getpid());
	setenv("LISTEN_PID", pid, 1);
	setenv("LISTEN_FDS", n, 1);
	setenv("LISTEN_FDNAMES", "overlayd.socket", 1);
}

static int listening(const char *name, int type)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, type, 0);
	size_t n = strlen(name);

	memcpy(address.sun_path, name, n);
	if (name[0] == '@')
		address.sun_path[0] = '\0';
	CHECK_INT(bind(fd, (struct sockaddr *)&address,
		       (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n)),
		  0);
	if (type == SOCK_STREAM)
		CHECK_INT(listen(fd, 1), 0);
	return fd;
}

static void check_taken(const char *name)
{
	char path[ACTIVATION_PATH_MAX] = "";

	hand_over(listening(name, SOCK_STREAM), "1");
	CHECK_INT(activation_take(path), 3);
	CHECK_STR(path, name);
	CHECK_INT(fcntl(3, F_GETFD), FD_CLOEXEC);
	CHECK(fcntl(3, F_GETFL) & O_NONBLOCK);
	CHECK(!getenv("LISTEN_PID") && !getenv("LISTEN_FDS") && !getenv("LISTEN_FDNAMES"));
	CHECK_INT(activation_take(path), -ENOENT); /* once */
	close(3);
}

TEST(a_listening_socket_is_taken)
{
	char dir[] = "/tmp/activation-XXXXXX", path[ACTIVATION_PATH_MAX];
	size_t n;

	CHECK(mkdtemp(dir));
	for (size_t most = sizeof(dir) + 1; most < ACTIVATION_PATH_MAX;
	     most += ACTIVATION_PATH_MAX - 1 - sizeof(dir) - 1) {
		CASE("%zu bytes", most);
		n = (size_t)snprintf(path, sizeof(path), "%s/", dir);
		memset(path + n, 'x', most - n);
		path[most] = '\0';
		check_taken(path);
		unlink(path);
	}
	rmdir(dir);
	snprintf(path, sizeof(path), "@overlayd-test-activation-%d", (int)getpid());
	check_taken(path);
}

TEST(what_is_not_for_us)
{
	char path[ACTIVATION_PATH_MAX] = "as it was";

	CHECK_INT(activation_take(path), -ENOENT);
	setenv("LISTEN_PID", "1", 1);
	setenv("LISTEN_FDS", "1", 1);
	CHECK_INT(activation_take(path), -ENOENT);
	CHECK(!getenv("LISTEN_FDS")); /* no child takes it for its own either */
	hand_over(open("/dev/null", O_RDONLY), "0");
	CHECK_INT(activation_take(path), -ENOENT);
	hand_over(3, "many");
	CHECK_INT(activation_take(path), -ENOENT);
	CHECK_STR(path, "as it was");
	close(3);
}

TEST(what_is_no_such_socket)
{
	char path[ACTIVATION_PATH_MAX], name[64];

	snprintf(name, sizeof(name), "@overlayd-test-activation-%d", (int)getpid());
	for (int i = 0; i < 5; i++) {
		CASE("%d", i);
		if (i == 0)
			hand_over(open("/dev/null", O_RDONLY), "1");
		else if (i == 1)
			hand_over(socket(AF_UNIX, SOCK_STREAM, 0), "1");
		else if (i == 2)
			hand_over(listening(name, SOCK_DGRAM), "1");
		else if (i == 3)
			hand_over(listening(name, SOCK_STREAM), "2");
		else {
			hand_over(socket(AF_INET, SOCK_STREAM, 0), "1");
			CHECK_INT(listen(3, 1), 0);
		}
		CHECK_INT(activation_take(path), -EINVAL);
		close(3);
	}
	hand_over(open("/dev/null", O_RDONLY), "1");
	close(3);
	CHECK_INT(activation_take(path), -EINVAL);
}
