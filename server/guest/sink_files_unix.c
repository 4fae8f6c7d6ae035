#include "server/guest/sink_files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#include "runtime/util.h"

#define FILE_MODE 0640

/* Non-blocking: a FIFO in its place is refused and not waited for. */
static int open_file(void *arg _unused_, const char *path, intptr_t *ret_handle, uint64_t *ret_size)
{
	int fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK,
		      FILE_MODE);
	struct stat st;

	if (fd < 0)
		return -errno;
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode)) {
		fd_closep(&fd);
		return -EINVAL;
	}
	*ret_handle = fd;
	*ret_size = (uint64_t)st.st_size;
	return 0;
}

static int append(void *arg _unused_, intptr_t handle, const void *p, size_t n)
{
	for (size_t done = 0; done < n;) {
		ssize_t w = write((int)handle, (const char *)p + done, n - done);

		if (w < 0 && errno != EINTR)
			return -errno;
		done += w > 0 ? (size_t)w : 0;
	}
	return 0;
}

static int truncate_file(void *arg _unused_, intptr_t handle, uint64_t size)
{
	return ftruncate((int)handle, (off_t)size) < 0 ? -errno : 0;
}

static void close_file(void *arg _unused_, intptr_t handle)
{
	close((int)handle);
}

static int rename_file(void *arg _unused_, const char *from, const char *to)
{
	return rename(from, to) < 0 ? -errno : 0;
}

const struct sink_files sink_files_native = {
	.open = open_file,
	.append = append,
	.truncate = truncate_file,
	.close = close_file,
	.rename = rename_file,
};
