/* Lines of text in no order. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "runtime/util.h"

struct lines {
	char *texts[768];
	size_t n;
};

void put(struct lines *l, const char *format, ...) _printf_(2, 3);
void lines_done(struct lines *l);
bool has_line(const struct lines *l, const char *text);

/* How many of one are not in the other; what: they are told, behind this word. */
unsigned lines_compare(const struct lines *these, const struct lines *those, const char *what);
