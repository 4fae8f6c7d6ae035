/* Bodies changed at random, the same for the same seed. */
#pragma once

#include <stdint.h>

#include "runtime/buf.h"

/* A body under change, and where the next random number comes from; `seed` may be any but 0. */
struct mutant {
	struct buf body;
	uint64_t seed;
	int r; /* -ENOMEM once a change had no memory */
};

/* Puts the body, with one to three changes, into m->body, BUF_SLACK zeros behind it. -ENOMEM. The
 * caller ends the buffer. */
int mutant_make(struct mutant *m, struct ovd_view body);
