#include "runtime/buf.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#ifdef __linux__
#include <sys/mman.h>
#endif

#define BUF_FIRST 512

/* More than any machine has, and little enough that doubling can't wrap. */
#define BUF_MOST (SIZE_MAX / 4)

#ifdef __linux__
/* From here on the bytes have pages of their own, which move without being copied. */
#define PAGES_FROM ((size_t)256 * 1024)

static bool has_pages(size_t cap)
{
	return cap >= PAGES_FROM;
}

static char *map(size_t cap)
{
	void *p = mmap(NULL, cap + BUF_SLACK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
		       -1, 0);

	return p == MAP_FAILED ? NULL : p;
}

static char *move_pages(struct buf *b, size_t cap)
{
	void *p = mremap(b->p, b->cap + BUF_SLACK, cap + BUF_SLACK, MREMAP_MAYMOVE);

	return p == MAP_FAILED ? NULL : p;
}

static void unmap(struct buf *b)
{
	munmap(b->p, b->cap + BUF_SLACK);
}
#else
static bool has_pages(size_t cap _unused_)
{
	return false;
}

static char *map(size_t cap _unused_)
{
	return NULL;
}

static char *move_pages(struct buf *b _unused_, size_t cap _unused_)
{
	return NULL;
}

static void unmap(struct buf *b _unused_)
{
}
#endif

static void release(struct buf *b)
{
	if (has_pages(b->cap))
		unmap(b);
	else
		free(b->p);
}

static void wipe(struct buf *b)
{
	if (b->p)
		explicit_bzero(b->p, b->cap);
	release(b);
}

static char *copy(struct buf *b, size_t cap)
{
	char *p = has_pages(cap) ? map(cap) : malloc(cap + BUF_SLACK);

	if (!p)
		return NULL;
	if (b->n > 0)
		memcpy(p, b->p, b->n);
	memset(p + cap, 0, BUF_SLACK);
	wipe(b);
	return p;
}

int buf_grow(struct buf *b, size_t n)
{
	size_t cap = b->cap ? b->cap : BUF_FIRST;
	char *p;

	if (n > BUF_MOST - b->n)
		return -ENOMEM;
	while (cap - b->n < n)
		cap *= 2;
	p = has_pages(b->cap) ? move_pages(b, cap) : copy(b, cap);
	if (!p)
		return -ENOMEM;
	b->p = p;
	b->cap = cap;
	return 0;
}

int buf_append(struct buf *b, const void *p, size_t n)
{
	if (buf_reserve(b, n) < 0)
		return -ENOMEM;
	if (n > 0)
		memcpy(b->p + b->n, p, n);
	b->n += n;
	return 0;
}

int buf_text(struct buf *b, const char *s)
{
	return buf_append(b, s, strlen(s));
}

/* Mostly it fits. */
int buf_printf(struct buf *b, const char *format, ...)
{
	size_t room = b->cap - b->n;
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(room > 0 ? b->p + b->n : NULL, room, format, args);
	va_end(args);
	if (n < 0 || buf_reserve(b, (size_t)n + 1) < 0)
		return -ENOMEM;
	if ((size_t)n >= room) {
		va_start(args, format);
		vsnprintf(b->p + b->n, (size_t)n + 1, format, args);
		va_end(args);
	}
	b->n += (size_t)n;
	return 0;
}

void buf_drop(struct buf *b, size_t n)
{
	if (n == 0)
		return;
	memmove(b->p, b->p + n, b->n - n);
	b->n -= n;
	explicit_bzero(b->p + b->n, n);
}

void buf_trim(struct buf *b)
{
	if (b->n == 0 && b->cap > BUF_KEPT)
		buf_wipe(b);
}

void buf_wipe(struct buf *b)
{
	wipe(b);
	*b = (struct buf){ .p = NULL };
}

void buf_done(struct buf *b)
{
	release(b);
	*b = (struct buf){ .p = NULL };
}
