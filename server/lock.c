#include "server/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>

#include "runtime/number.h"
#include "runtime/util.h"

#define TRIES 100
#define PAUSE 10000000 /* nanoseconds */

static pid_t read_holder(int fd)
{
	char text[U64_TEXT_MAX + 1] = "";
	ssize_t n = pread(fd, text, sizeof(text) - 1, 0);
	uint64_t pid;

	if (n <= 0 || u64_parse((struct ovd_view){ .p = text, .n = strcspn(text, "\n") }, INT32_MAX,
				&pid) < 0)
		return 0;
	return (pid_t)pid;
}

/* A daemon that is killed while it starts a process leaves it the lock until that has begun. */
static bool is_left_behind(pid_t holder)
{
	return holder > 0 && kill(holder, 0) < 0 && errno == ESRCH;
}

static int take(int fd, pid_t *ret_holder)
{
	const struct timespec pause = { .tv_nsec = PAUSE };
	int r = 0;

	for (int i = 0; i < TRIES; i++) {
		if (flock(fd, LOCK_EX | LOCK_NB) == 0)
			return 0;
		r = -errno;
		*ret_holder = read_holder(fd);
		if (r != -EWOULDBLOCK || !is_left_behind(*ret_holder))
			return r;
		nanosleep(&pause, NULL);
	}
	return r;
}

int lock_take(const char *data_dir, pid_t *ret_holder)
{
	_cleanup_(fd_closep) int dir = open(data_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	_cleanup_(fd_closep) int fd = -1;
	int r;

	*ret_holder = 0;
	if (dir < 0)
		return -errno;
	fd = openat(dir, LOCK_FILE, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return -errno;
	r = take(fd, ret_holder);
	if (r < 0)
		return r;
	*ret_holder = 0;
	if (ftruncate(fd, 0) < 0 || dprintf(fd, "%d\n", (int)getpid()) < 0)
		return -errno;
	r = fd;
	fd = -1;
	return r;
}

int make_directory(const char *path, mode_t mode)
{
	_cleanup_(freep) char *text = strdup(path);

	if (!text)
		return -ENOMEM;
	for (char *p = text + 1; *p; p++)
		if (*p == '/') {
			*p = '\0';
			if (mkdir(text, 0755) < 0 && errno != EEXIST)
				return -errno;
			*p = '/';
		}
	return mkdir(text, mode) < 0 && errno != EEXIST ? -errno : 0;
}
