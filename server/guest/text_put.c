#include "server/guest/text_put.h"

#include <stdint.h>

#include "runtime/utf8.h"

#define REPLACEMENT "\xef\xbf\xbd" /* U+FFFD */

/* The text may end anywhere: what is looked at ends in a NUL. */
static size_t character(const char *p, size_t n)
{
	unsigned char head[5] = { 0 };

	memcpy(head, p, MIN(n, 4));
	return (size_t)utf8_length(head);
}

/* How many bytes from p on need no escape. */
static size_t plain(const char *p, size_t n)
{
	size_t i = 0;

	while (i < n && p[i] >= 0x20 && p[i] < 0x7f && p[i] != '"' && p[i] != '\\')
		i++;
	return i;
}

static int put_special(struct buf *to, const char *p, size_t length)
{
	const unsigned char *c = (const unsigned char *)p;

	if (length == 0)
		return buf_text(to, REPLACEMENT);
	if (*c == '"' || *c == '\\')
		return buf_printf(to, "\\%c", *c);
	if (*c == '\n')
		return buf_text(to, "\\n");
	if (*c == '\t')
		return buf_text(to, "\\t");
	if (*c < 0x20 || *c == 0x7f)
		return buf_printf(to, "\\u%04x", *c);
	if (*c == 0xc2 && c[1] < 0xa0)
		return buf_printf(to, "\\u%04x", c[1]);
	return buf_append(to, p, length);
}

int text_put_json(struct buf *to, struct ovd_view text)
{
	int r = 0;

	for (size_t i = 0; i < text.n && r == 0;) {
		size_t run = plain(text.p + i, text.n - i), length;

		r = buf_append(to, text.p + i, run);
		i += run;
		if (i == text.n || r < 0)
			break;
		length = character(text.p + i, text.n - i);
		r = put_special(to, text.p + i, length);
		i += length ? length : 1;
	}
	return r;
}
