#include "gen/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define WIDTH_MAX 100
#define TAB       8

void text_put(struct text *t, const char *format, ...)
{
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(NULL, 0, format, args);
	va_end(args);
	if (n < 0 || buf_reserve(&t->buf, (size_t)n + 1) < 0) {
		t->failed = true;
		return;
	}
	va_start(args, format);
	vsnprintf(t->buf.p + t->buf.n, (size_t)n + 1, format, args);
	va_end(args);
	t->buf.n += (size_t)n;
}

static unsigned width_of(const char *text)
{
	unsigned width = 0;

	for (; *text; text++)
		width = *text == '\t' ? (width / TAB + 1) * TAB : width + 1;
	return width;
}

void text_row(struct text *t, unsigned column, const char *left, const char *right)
{
	unsigned used = TAB + width_of(left);

	if (MAX(used + 1, column) + strlen(right) + 6 > WIDTH_MAX) {
		text_comment(t, "\t", right);
		text_put(t, "\t%s\n", left);
		return;
	}
	text_put(t, "\t%s%*s/* %s */\n", left, (int)(used < column ? column - used : 1), "", right);
}

void text_wrap(struct text *t, const char *indent, const char *first, const char *next,
	       unsigned width, const char *words)
{
	size_t margin = width_of(indent), used = margin + strlen(first);
	const char *blank = "";

	text_put(t, "%s%s", indent, first);
	for (const char *p = words; *p; p += *p == ' ') {
		size_t n = strcspn(p, " ");

		if (*blank && used + 1 + n > width) {
			text_put(t, "\n%s%s", indent, next);
			used = margin + strlen(next);
			blank = "";
		}
		text_put(t, "%s%.*s", blank, (int)n, p);
		used += strlen(blank) + n;
		blank = " ";
		p += n;
	}
}

void text_comment(struct text *t, const char *indent, const char *comment)
{
	text_wrap(t, indent, "/* ", " * ", WIDTH_MAX - 3, comment);
	text_put(t, " */\n");
}

void text_done(struct text *t)
{
	buf_done(&t->buf);
}
