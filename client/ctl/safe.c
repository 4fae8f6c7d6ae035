#include "client/ctl/safe.h"

/* How many bytes at p are one character that may be shown; 0 if they aren't one. */
static size_t shown(const unsigned char *p, size_t n)
{
	size_t length = *p < 0x80 ? 1 : *p < 0xe0 ? 2 : *p < 0xf0 ? 3 : 4;

	if (*p < 0x20 || *p == 0x7f || (*p >= 0x80 && *p < 0xc2) || *p > 0xf4 || length > n)
		return 0;
	if (*p == 0xc2 && p[1] < 0xa0)
		return 0;
	for (size_t i = 1; i < length; i++)
		if ((p[i] & 0xc0) != 0x80)
			return 0;
	return length;
}

static int escape(struct buf *out, struct ovd_view text, const char *format, const char *allowed)
{
	const unsigned char *p = (const unsigned char *)text.p;
	int r = 0;

	for (size_t i = 0; i < text.n && r == 0;) {
		size_t n = p[i] && strchr(allowed, p[i]) ? 1 : shown(p + i, text.n - i);

		if (n > 0) {
			r = buf_append(out, p + i, n);
			i += n;
			continue;
		}
		if (p[i] == 0xc2 && i + 1 < text.n && (p[i + 1] & 0xe0) == 0x80)
			i++; /* the second byte is U+0080 to U+009F's number */
		r = buf_printf(out, format, p[i++]);
	}
	return r;
}

int safe_text(struct buf *out, struct ovd_view text)
{
	return escape(out, text, "\\x%02x", "");
}

int safe_json(struct buf *out, struct ovd_view json)
{
	return escape(out, json, "\\u%04x", "\n\t");
}
