/* The last bytes of something, for the dump when it has failed: the cause stands at the end. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "runtime/view.h"

struct tail {
	char *ring;
	size_t size, at;
	bool full;
};

/* Remembers the last `size` bytes (0: none). -ENOMEM. */
int tail_init(struct tail *t, size_t size);

void tail_put(struct tail *t, struct ovd_view bytes);

/* Copies the last of them, at most n; returns how many. What is cut off at the front ends at a
 * newline if there is one: the copy begins with a whole line. */
size_t tail_copy(const struct tail *t, char *p, size_t n);

void tail_done(struct tail *t);
