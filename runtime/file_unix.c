#include "runtime/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>

int file_append(const char *path)
{
	int fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0640);

	return fd < 0 ? -errno : fd;
}

FILE *file_open(const char *path)
{
	return fopen(path, "re");
}

int file_rename(const char *from, const char *to)
{
	return rename(from, to) < 0 ? -errno : 0;
}
