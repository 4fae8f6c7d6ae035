/* UTF-8, strictly. */
#pragma once

/* Bytes of the UTF-8 sequence at p, RFC 3629 section 4; 0 if it is none. Needs no length: a NUL
 * ends it. */
static inline int utf8_length(const unsigned char *p)
{
#define CONTINUES(i) ((p[i] & 0xc0) == 0x80)
	if (p[0] < 0x80)
		return 1;
	if (p[0] < 0xc2)
		return 0;
	if (p[0] < 0xe0)
		return CONTINUES(1) ? 2 : 0;
	if (p[0] < 0xf0) {
		if (!CONTINUES(1) || !CONTINUES(2) || (p[0] == 0xe0 && p[1] < 0xa0) ||
		    (p[0] == 0xed && p[1] >= 0xa0))
			return 0;
		return 3;
	}
	if (p[0] > 0xf4 || !CONTINUES(1) || !CONTINUES(2) || !CONTINUES(3))
		return 0;
	if ((p[0] == 0xf0 && p[1] < 0x90) || (p[0] == 0xf4 && p[1] >= 0x90))
		return 0;
	return 4;
#undef CONTINUES
}
