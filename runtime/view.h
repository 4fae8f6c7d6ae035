/* Borrowed bytes. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

/* Text or bytes that somebody else owns; lives as long as the owner says. Not terminated by NUL.
 * p is NULL for absent; an empty text has a p that isn't. */
struct ovd_view {
	const char *p;
	size_t n;
};

/* For "%.*s". */
#define VIEW(v) (int)(v).n, (v).p

/* A string literal or an array that holds one. */
#define VIEW_LITERAL(s) ((struct ovd_view){ .p = (s), .n = sizeof(s) - 1 })

/* The text up to its NUL; absent for NULL. */
static inline struct ovd_view view(const char *s)
{
	return (struct ovd_view){ .p = s, .n = s ? strlen(s) : 0 };
}

/* Same bytes; absent equals only absent. */
static inline bool view_eq(struct ovd_view a, struct ovd_view b)
{
	return a.n == b.n && !a.p == !b.p && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

/* How much of the text is whole characters: less than its length if it was cut inside of one. */
static inline size_t view_whole(struct ovd_view text)
{
	size_t i = text.n;
	unsigned char lead;

	while (i > 0 && ((unsigned char)text.p[i - 1] & 0xc0) == 0x80)
		i--;
	lead = i > 0 ? (unsigned char)text.p[i - 1] : 0;
	if (lead < 0xc0)
		return text.n;
	return text.n - i < (lead < 0xe0 ? 1u : lead < 0xf0 ? 2u : 3u) ? i - 1 : text.n;
}
