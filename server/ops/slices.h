/* Long work of the loop in slices, so that other connections are heard in between. */
#pragma once

#include "server/ops/daemon.h"

/* As many items, peers for one, as a slice handles: together some 100 us, with cold memory twice or
 * thrice that. */
#define SLICE_ITEMS 128

/* Work that is under way: a part of the caller's own memory, until its last slice returns; its
 * fields are slices.c's. */
struct slices {
	struct slices *next;
	bool (*slice)(struct slices *s);
};

/* slice is called on the loop, never before this returns, once and then for as long as it returns
 * true; other work in slices has its turn in between. -ENOMEM, and it won't be. */
int slices_begin(struct daemon *d, struct slices *s, bool (*slice)(struct slices *s));
