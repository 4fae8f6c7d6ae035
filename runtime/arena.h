/* Memory that is given back all at once. What is given back is wiped: it may have been a secret. */
#pragma once

#include <stddef.h>

/* {0} is empty and owns nothing. */
struct arena {
	struct arena_chunk *chunk; /* the one that is being filled; older ones hang behind it */
	size_t used;
};

/* n bytes of zeros, aligned for any type; NULL if there is no memory. Lives until arena_reset. */
void *arena_alloc(struct arena *a, size_t n);

/* A copy of p[0..n) with a NUL behind it; NULL if there is no memory. */
char *arena_copy(struct arena *a, const void *p, size_t n);

/* How large it is: between half of it and all. */
size_t arena_size(const struct arena *a);

/* Takes back all that was given; keeps one chunk of up to 4 KiB, so that a warm arena asks malloc
 * for nothing. */
void arena_reset(struct arena *a);

/* Frees everything; a is {0} afterwards. */
void arena_done(struct arena *a);
