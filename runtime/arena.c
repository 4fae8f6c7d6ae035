#include "runtime/arena.h"

#include <stdalign.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/util.h"

#define CHUNK_KEPT 4096

struct arena_chunk {
	struct arena_chunk *older;
	size_t size;
	size_t used; /* of one that is not the newest */
	alignas(max_align_t) char bytes[];
};

static struct arena_chunk *chunk_new(size_t size, struct arena_chunk *older)
{
	struct arena_chunk *chunk = calloc(1, sizeof(*chunk) + size);

	if (chunk)
		*chunk = (struct arena_chunk){ .older = older, .size = size };
	return chunk;
}

void *arena_alloc(struct arena *a, size_t n)
{
	size_t aligned =
		(n + alignof(max_align_t) - 1) / alignof(max_align_t) * alignof(max_align_t);
	char *p;

	if (aligned < n)
		return NULL;
	if (!a->chunk || a->chunk->size - a->used < aligned) {
		size_t least = a->chunk ? a->chunk->size * 2 : CHUNK_KEPT;
		struct arena_chunk *chunk = chunk_new(MAX(least, aligned), a->chunk);

		if (!chunk)
			return NULL;
		if (a->chunk)
			a->chunk->used = a->used;
		a->chunk = chunk;
		a->used = 0;
	}
	p = a->chunk->bytes + a->used;
	a->used += aligned;
	return p;
}

char *arena_copy(struct arena *a, const void *p, size_t n)
{
	char *copy = arena_alloc(a, n + 1);

	if (copy && n > 0)
		memcpy(copy, p, n);
	return copy;
}

size_t arena_size(const struct arena *a)
{
	return a->chunk ? a->chunk->size : 0;
}

static void wipe(struct arena *a)
{
	if (a->chunk)
		explicit_bzero(a->chunk->bytes, a->used);
	a->used = 0;
}

void arena_reset(struct arena *a)
{
	wipe(a);
	while (a->chunk && (a->chunk->older || a->chunk->size > CHUNK_KEPT)) {
		struct arena_chunk *older = a->chunk->older;

		free(a->chunk);
		a->chunk = older;
		a->used = older ? older->used : 0;
		wipe(a);
	}
}

void arena_done(struct arena *a)
{
	arena_reset(a);
	free(a->chunk);
	*a = (struct arena){ .chunk = NULL };
}
