#include "server/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "runtime/number.h"
#include "runtime/util.h"

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
	if (flock(fd, LOCK_EX | LOCK_NB) < 0) {
		*ret_holder = read_holder(fd);
		return -errno;
	}
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
