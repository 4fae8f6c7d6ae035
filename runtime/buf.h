/* Growing bytes. */
#pragma once

#include "runtime/util.h"
#include "runtime/view.h"

/* Bytes p[0..n), room for cap. {0} is empty and owns nothing. p may move at every call that
 * appends. Bytes behind p are readable for BUF_SLACK, so that readers may look a word ahead.
 *
 * It may hold a secret: where bytes move away, nothing of them is left. Many bytes move without
 * being copied, where the system can do that. */
struct buf {
	char *p;
	size_t n;
	size_t cap;
};

#define BUF_SLACK 64
#define BUF_KEPT  65536 /* what an empty one keeps when it is trimmed */

/* Room for n more bytes at p + b->n. -ENOMEM, and the buffer is as it was. */
int buf_grow(struct buf *b, size_t n);

static inline int buf_reserve(struct buf *b, size_t n)
{
	return b->p && b->cap - b->n >= n ? 0 : buf_grow(b, n);
}

/* Appends; -ENOMEM, and the buffer is as it was. */
int buf_append(struct buf *b, const void *p, size_t n);
int buf_text(struct buf *b, const char *s);
int buf_printf(struct buf *b, const char *format, ...) _printf_(2, 3);

/* Drops the first n bytes; the rest moves to the front. */
void buf_drop(struct buf *b, size_t n);

/* Wipes and frees the bytes of an empty one that has room for more than BUF_KEPT. */
void buf_trim(struct buf *b);

/* Frees the bytes; b is {0} afterwards. wipe: and nothing of them is left. */
void buf_done(struct buf *b);
void buf_wipe(struct buf *b);

static inline struct ovd_view buf_view(const struct buf *b)
{
	return (struct ovd_view){ .p = b->p ? b->p : "", .n = b->n };
}
