#include "tests/soak/lines.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "tests/check.h"

void put(struct lines *l, const char *format, ...)
{
	va_list args;

	CHECK(l->n < ARRAY_SIZE(l->texts));
	va_start(args, format);
	CHECK(vasprintf(&l->texts[l->n++], format, args) >= 0);
	va_end(args);
}

void lines_done(struct lines *l)
{
	for (size_t i = 0; i < l->n; i++)
		free(l->texts[i]);
	l->n = 0;
}

bool has_line(const struct lines *l, const char *text)
{
	for (size_t i = 0; i < l->n; i++)
		if (strcmp(l->texts[i], text) == 0)
			return true;
	return false;
}

unsigned lines_compare(const struct lines *these, const struct lines *those, const char *what)
{
	unsigned n = 0;

	for (size_t i = 0; i < these->n; i++)
		if (!has_line(those, these->texts[i])) {
			n++;
			if (what)
				fprintf(stderr, "%s: %s\n", what, these->texts[i]);
		}
	return n;
}
