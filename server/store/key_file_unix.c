#include "server/store/key_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#include "runtime/util.h"

#define KEY_FILE_NEW "node.key.new"

static int open_dir(const char *data_dir)
{
	return open(data_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

int key_file_read(const char *data_dir, char *ret_text, size_t room, size_t *ret_n)
{
	_cleanup_(fd_closep) int dir = open_dir(data_dir), fd = -1;
	ssize_t n;

	if (dir < 0)
		return -errno;
	fd = openat(dir, KEY_FILE, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0 || fchmod(fd, 0600) < 0)
		return -errno;
	n = read(fd, ret_text, room);
	if (n < 0)
		return -errno;
	*ret_n = (size_t)n;
	return 0;
}

static int write_synced(int dir, const char *text, size_t n)
{
	_cleanup_(fd_closep) int fd = openat(
		dir, KEY_FILE_NEW, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);

	if (fd < 0)
		return -errno;
	errno = 0;
	if (write(fd, text, n) != (ssize_t)n || fsync(fd) < 0)
		return errno ? -errno : -EIO;
	return 0;
}

int key_file_write(const char *data_dir, const char *text, size_t n)
{
	_cleanup_(fd_closep) int dir = open_dir(data_dir);
	int r = dir < 0 ? -errno : write_synced(dir, text, n);

	if (r == 0 && (renameat(dir, KEY_FILE_NEW, dir, KEY_FILE) < 0 || fsync(dir) < 0))
		r = -errno;
	return r;
}
