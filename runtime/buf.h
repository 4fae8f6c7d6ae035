/* Growing bytes. */
#pragma once

#include "runtime/util.h"
#include "runtime/view.h"

/* Bytes p[0..n), room for cap. {0} is empty and owns nothing. p may move at every call that
 * appends. Bytes behind p are readable for BUF_SLACK, so that readers may look a word ahead. */
struct buf {
	char *p;
	size_t n;
	size_t cap;
};

#define BUF_SLACK 64

/* Room for n more bytes at p + b->n. -ENOMEM, and the buffer is as it was. */
int buf_reserve(struct buf *b, size_t n);

/* Appends; -ENOMEM, and the buffer is as it was. */
int buf_append(struct buf *b, const void *p, size_t n);
int buf_text(struct buf *b, const char *s);
int buf_printf(struct buf *b, const char *format, ...) _printf_(2, 3);

/* Drops the first n bytes; the rest moves to the front. */
void buf_drop(struct buf *b, size_t n);

/* Frees the bytes; b is {0} afterwards. */
void buf_done(struct buf *b);

static inline struct ovd_view buf_view(const struct buf *b)
{
	return (struct ovd_view){ .p = b->p ? b->p : "", .n = b->n };
}
