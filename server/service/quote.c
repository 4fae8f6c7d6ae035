#include "server/service/quote.h"

#include <errno.h>
#include <string.h>

static int put_many(struct buf *line, char c, size_t n)
{
	int r = 0;

	while (r == 0 && n-- > 0)
		r = buf_append(line, &c, 1);
	return r;
}

/* Backslashes in front of a quote are doubled, and the quote gets one of its own. */
static int put_quoted(struct buf *line, const char *text)
{
	int r = buf_text(line, "\"");

	while (r == 0) {
		size_t slashes = strspn(text, "\\");
		char c = text[slashes];
		bool before_quote = c == '"' || c == '\0';

		r = put_many(line, '\\', before_quote ? 2 * slashes : slashes);
		if (c == '\0')
			break;
		if (r == 0 && c == '"')
			r = buf_text(line, "\\");
		if (r == 0)
			r = buf_append(line, &c, 1);
		text += slashes + 1;
	}
	return r < 0 ? r : buf_text(line, "\"");
}

static int put_argument(struct buf *line, const char *text)
{
	bool plain = *text && !strpbrk(text, " \t\n\v\"");

	return plain ? buf_text(line, text) : put_quoted(line, text);
}

/* The first one is read by other rules: up to the next quote, backslashes as they are. */
static int put_program(struct buf *line, const char *program)
{
	int r;

	if (!*program || strchr(program, '"'))
		return -EINVAL;
	r = buf_text(line, "\"");
	if (r == 0)
		r = buf_text(line, program);
	return r < 0 ? r : buf_text(line, "\"");
}

int quote_line(struct buf *line, const char *program, const char *const *arguments)
{
	int r = put_program(line, program);

	for (; r == 0 && *arguments; arguments++) {
		r = buf_text(line, " ");
		if (r == 0)
			r = put_argument(line, *arguments);
	}
	if (r == 0)
		r = buf_append(line, "", 1);
	if (r == 0)
		line->n--;
	return r;
}
