/* An output being written: lines, their indentation, columns. */
#pragma once

#include "runtime/buf.h"

/* {0} is empty. A failed allocation sticks: the rest is dropped, and text_failed says so. */
struct text {
	struct buf buf;
	bool failed;
};

/* Appends; the format may hold several lines. */
void text_put(struct text *t, const char *format, ...) _printf_(2, 3);

/* "\tleft" and, from `column` on, "right"; the right part on a line of its own above if the line
 * would be longer than 100 columns. A tab is 8 wide. */
void text_row(struct text *t, unsigned column, const char *left, const char *right);

/* Words that one blank separates, in lines of at most `width` columns, each after the indentation
 * and a mark: `first`, then `next`. A word that is too long alone stays whole; no newline at the
 * end. */
void text_wrap(struct text *t, const char *indent, const char *first, const char *next,
	       unsigned width, const char *words);

/* A comment as a C block, wrapped at 100 columns. */
void text_comment(struct text *t, const char *indent, const char *comment);

void text_done(struct text *t);
