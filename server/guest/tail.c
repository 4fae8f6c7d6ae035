#include "server/guest/tail.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/util.h"

int tail_init(struct tail *t, size_t size)
{
	*t = (struct tail){ .ring = size ? malloc(size) : NULL, .size = size };
	return size && !t->ring ? -ENOMEM : 0;
}

void tail_put(struct tail *t, struct ovd_view bytes)
{
	size_t first;

	if (t->size == 0)
		return;
	if (bytes.n >= t->size) {
		memcpy(t->ring, bytes.p + bytes.n - t->size, t->size);
		t->at = 0;
		t->full = true;
		return;
	}
	first = MIN(bytes.n, t->size - t->at);
	memcpy(t->ring + t->at, bytes.p, first);
	memcpy(t->ring, bytes.p + first, bytes.n - first);
	t->full |= t->at + bytes.n >= t->size;
	t->at = (t->at + bytes.n) % t->size;
}

/* The byte that lies `back` before the end. */
static size_t place(const struct tail *t, size_t back)
{
	return (t->at + t->size - back) % t->size;
}

size_t tail_copy(const struct tail *t, char *p, size_t n)
{
	size_t there = t->full ? t->size : t->at, count = MIN(n, there), first;
	char *line;

	if (count == 0)
		return 0;
	first = MIN(count, t->size - place(t, count));
	memcpy(p, t->ring + place(t, count), first);
	memcpy(p + first, t->ring, count - first);
	if (count == there && !t->full)
		return count;
	line = memchr(p, '\n', count);
	if (!line || (size_t)(line - p) + 1 == count)
		return count;
	count -= (size_t)(line - p) + 1;
	memmove(p, line + 1, count);
	return count;
}

void tail_done(struct tail *t)
{
	free(t->ring);
	*t = (struct tail){ 0 };
}
