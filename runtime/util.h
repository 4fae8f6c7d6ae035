/* Words that every file uses. */
#pragma once

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/param.h> /* MIN, MAX */
#include <unistd.h>

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

#define CONTAINER_OF(p, type, member) ((type *)((char *)(p)-offsetof(type, member)))

/* Runs f on the variable's address when it goes out of scope: _cleanup_(buf_done) struct buf b =
 * {0}; */
#define _cleanup_(f) __attribute__((cleanup(f)))
#ifdef _WIN32 /* where gcc takes "printf" for Microsoft's */
#define _printf_(at, args) __attribute__((format(gnu_printf, at, args)))
#else
#define _printf_(at, args) __attribute__((format(printf, at, args)))
#endif
#define _unused_ __attribute__((unused))
#define _cold_   __attribute__((cold, noinline)) /* off the path that has to be fast */

/* For _cleanup_ on a descriptor (-1: none) and on memory from malloc. errno stays. */
static inline void fd_closep(int *fd)
{
	if (*fd >= 0) {
		int kept = errno;

		close(*fd);
		errno = kept;
		*fd = -1;
	}
}

static inline void freep(void *p)
{
	free(*(void **)p);
}
