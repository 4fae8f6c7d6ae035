/* Eight bytes at a time. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "word_same takes the first bytes for the low ones"
#endif

#define WORD_ONES  UINT64_C(0x0101010101010101)
#define WORD_HIGHS UINT64_C(0x8080808080808080)

static inline uint64_t word_load(const void *p)
{
	uint64_t w;

	memcpy(&w, p, sizeof(w));
	return w;
}

/* Bytes that are zero have their highest bit set. Of the bits that are set only the lowest is sure
 * to be right. */
static inline uint64_t word_zero(uint64_t w)
{
	return (w - WORD_ONES) & ~w & WORD_HIGHS;
}

/* The same for bytes below 0x20, quotes and backslashes. */
static inline uint64_t word_escapes(uint64_t w)
{
	return ((w - WORD_ONES * 0x20) & ~w & WORD_HIGHS) | word_zero(w ^ WORD_ONES * '"') |
	       word_zero(w ^ WORD_ONES * '\\');
}

/* The same, and bytes above 0x7f. */
static inline uint64_t word_stops(uint64_t w)
{
	return word_escapes(w) | (w & WORD_HIGHS);
}

/* Which byte has the lowest bit that is set. */
static inline unsigned word_first(uint64_t bits)
{
	return (unsigned)__builtin_ctzll(bits) / 8;
}

/* The first n bytes of a word. */
static inline uint64_t word_low(size_t n)
{
	return n < sizeof(uint64_t) ? (UINT64_C(1) << (8 * n)) - 1 : UINT64_MAX;
}

/* The first n bytes of a and b are the same; both may be read up to the next multiple of 8. */
static inline bool word_same(const char *a, const char *b, unsigned n)
{
	unsigned i = 0;

	for (; i + sizeof(uint64_t) <= n; i += sizeof(uint64_t))
		if (word_load(a + i) != word_load(b + i))
			return false;
	return i == n || ((word_load(a + i) ^ word_load(b + i)) & word_low(n - i)) == 0;
}
