#include "runtime/json_scan.h"

#include <errno.h>

#include "runtime/utf8.h"

static int hex4(const char *p)
{
	int value = 0;

	for (int i = 0; i < 4; i++) {
		int c = (unsigned char)p[i], digit;

		if (c >= '0' && c <= '9')
			digit = c - '0';
		else if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f')
			digit = (c | 0x20) - 'a' + 10;
		else
			return -1;
		value = value << 4 | digit;
	}
	return value;
}

static char *put_utf8(char *out, unsigned c)
{
	if (c < 0x80) {
		*out++ = (char)c;
	} else if (c < 0x800) {
		*out++ = (char)(0xc0 | c >> 6);
		*out++ = (char)(0x80 | (c & 0x3f));
	} else if (c < 0x10000) {
		*out++ = (char)(0xe0 | c >> 12);
		*out++ = (char)(0x80 | (c >> 6 & 0x3f));
		*out++ = (char)(0x80 | (c & 0x3f));
	} else {
		*out++ = (char)(0xf0 | c >> 18);
		*out++ = (char)(0x80 | (c >> 12 & 0x3f));
		*out++ = (char)(0x80 | (c >> 6 & 0x3f));
		*out++ = (char)(0x80 | (c & 0x3f));
	}
	return out;
}

/* \uXXXX at s->p, or two of them for a character beyond 16 bits. */
static int unescape_unicode(struct json_scan *s, char **out)
{
	const char *at = s->p;
	int high = hex4(at + 2), low;
	unsigned c;

	if (high < 0)
		return SCAN_FAULT(s, at, "bad escape in a string: four hex digits must follow \\u");
	s->p += 6;
	c = (unsigned)high;
	if (c == 0)
		return SCAN_FAULT(s, at, "a string must not hold a NUL");
	if (c >= 0xdc00 && c < 0xe000)
		return SCAN_FAULT(s, at, "lone surrogate in a string");
	if (c >= 0xd800 && c < 0xdc00) {
		low = s->p[0] == '\\' && s->p[1] == 'u' ? hex4(s->p + 2) : -1;
		if (low < 0xdc00 || low >= 0xe000)
			return SCAN_FAULT(s, at, "lone surrogate in a string");
		s->p += 6;
		c = 0x10000 + ((c - 0xd800) << 10) + ((unsigned)low - 0xdc00);
	}
	*out = put_utf8(*out, c);
	return 0;
}

static int unescape(struct json_scan *s, char **out)
{
	static const char plain[] = "\"\\/bfnrt", meant[] = "\"\\/\b\f\n\r\t";
	const char *found = s->p[1] ? strchr(plain, s->p[1]) : NULL;

	if (s->p[1] == 'u')
		return unescape_unicode(s, out);
	if (!found)
		return SCAN_FAULT(s, s->p, "bad escape in a string");
	*(*out)++ = meant[found - plain];
	s->p += 2;
	return 0;
}

static int fault_in_string(struct json_scan *s)
{
	if (*s->p)
		return SCAN_FAULT(s, s->p, "control character in a string");
	return SCAN_FAULT(s, s->p, "the document ends, or holds a NUL, inside a string");
}

/* Leaves p at the first byte that isn't copied to a value as it is: quote, backslash, control. */
static int pass_plain(struct json_scan *s)
{
	for (;;) {
		int n;

		s->p = scan_plain(s->p);
		if ((unsigned char)*s->p < 0x80)
			return 0;
		n = utf8_length((const unsigned char *)s->p);
		if (n == 0)
			return SCAN_FAULT(s, s->p, "a string is not UTF-8");
		s->p += n;
	}
}

/* What was read so far is plain and begins at `from`; the first backslash is here. */
static int scan_escaped(struct json_scan *s, const char *from, struct ovd_view *ret)
{
	size_t plain = (size_t)(s->p - from), rest = 0;
	char *text, *out;
	int r;

	while (s->p[rest] && s->p[rest] != '"')
		rest += s->p[rest] == '\\' && s->p[rest + 1] ? 2 : 1;
	text = out = arena_alloc(s->arena, plain + rest + 1);
	if (!text)
		return -ENOMEM;
	while (*s->p != '"') {
		memcpy(out, from, (size_t)(s->p - from));
		out += s->p - from;
		if (*s->p != '\\')
			return fault_in_string(s);
		r = unescape(s, &out);
		if (r < 0)
			return r;
		from = s->p;
		r = pass_plain(s);
		if (r < 0)
			return r;
	}
	memcpy(out, from, (size_t)(s->p - from));
	out += s->p - from;
	s->p++;
	*ret = (struct ovd_view){ .p = text, .n = (size_t)(out - text) };
	return 0;
}

int scan_string_any(struct json_scan *s, const char *what, struct ovd_view *ret)
{
	const char *from;
	int r;

	if (*s->p != '"')
		return SCAN_FAULT(s, s->p, "expected %s", what);
	from = ++s->p;
	r = pass_plain(s);
	if (r < 0)
		return r;
	if (*s->p == '"') {
		*ret = (struct ovd_view){ .p = from, .n = (size_t)(s->p++ - from) };
		return 0;
	}
	return *s->p == '\\' ? scan_escaped(s, from, ret) : fault_in_string(s);
}
