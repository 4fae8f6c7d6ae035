/* Memory that is used again: what was given back is taken first, and only then is malloc asked.
 *
 * Blocks are of a few sizes, each about 1.5 times the one before, and each size has a list of its
 * own; a block that is larger than the largest of them goes to malloc and free. */
#pragma once

#include <stddef.h>

/* The sizes: 24, 40, 56, 88, 120, ... 16376 bytes. With the 8 bytes that glibc puts before each, a
 * record wastes least. */
#define SPARE_SIZES 19

/* Most bytes that one list keeps; all together keep at most 304 KiB. What is beyond is freed. */
#define SPARE_KEPT_MAX 16384

/* {0} is empty and owns nothing. */
struct spare {
	struct spare_list {
		struct spare_block *first;
		size_t n;
	} lists[SPARE_SIZES];
};

/* n bytes of zeros, aligned for any type; NULL if there is no memory. */
void *spare_take(struct spare *s, size_t n);

/* Gives back what was taken with the same n. Accepts NULL. It is not wiped: no secrets. */
void spare_give(struct spare *s, void *p, size_t n);

/* Frees what is kept; s is {0} afterwards. What is still out may be given to another. */
void spare_done(struct spare *s);
