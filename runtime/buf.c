#include "runtime/buf.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>

#define BUF_FIRST 512

/* More than any machine has, and little enough that doubling can't wrap. */
#define BUF_MOST (SIZE_MAX / 4)

static void wipe(struct buf *b)
{
	if (b->p)
		explicit_bzero(b->p, b->cap);
	free(b->p);
}

int buf_grow(struct buf *b, size_t n)
{
	size_t cap = b->cap ? b->cap : BUF_FIRST;
	char *p;

	if (n > BUF_MOST - b->n)
		return -ENOMEM;
	while (cap - b->n < n)
		cap *= 2;
	p = malloc(cap + BUF_SLACK);
	if (!p)
		return -ENOMEM;
	if (b->n > 0)
		memcpy(p, b->p, b->n);
	memset(p + cap, 0, BUF_SLACK);
	wipe(b);
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
	free(b->p);
	*b = (struct buf){ .p = NULL };
}
