#include "tests/conformance/suite/file.h"

#include <fcntl.h>

#define PIECE ((size_t)1 << 16)

int file_read(const char *path, struct buf *out)
{
	_cleanup_(fd_closep) int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n;

	if (fd < 0)
		return -errno;
	do {
		if (buf_reserve(out, PIECE) < 0)
			return -ENOMEM;
		n = read(fd, out->p + out->n, PIECE - 1);
		if (n < 0 && errno != EINTR)
			return -errno;
		out->n += n > 0 ? (size_t)n : 0;
	} while (n != 0);
	out->p[out->n] = '\0';
	return 0;
}

bool file_line(struct ovd_view *rest, struct ovd_view *ret)
{
	const char *end = rest->n > 0 ? memchr(rest->p, '\n', rest->n) : NULL;

	if (rest->n == 0)
		return false;
	*ret = (struct ovd_view){ rest->p, end ? (size_t)(end - rest->p) : rest->n };
	rest->p += ret->n + (end != NULL);
	rest->n -= ret->n + (end != NULL);
	return true;
}
