/* Eight bytes at a time, and blocks: as many as the processor takes at once. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "the first bytes are taken for the low ones"
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

/* Which byte has the lowest bit that is set. */
static inline unsigned word_first(uint64_t bits)
{
	return (unsigned)__builtin_ctzll(bits) / 8;
}

/* n bytes, fewer than 8, as the first of a word; zeros behind them. */
static inline uint64_t word_part(const char *p, size_t n)
{
	uint32_t head, tail;

	if (n < sizeof(head)) {
		const unsigned char *b = (const unsigned char *)p;

		return n == 0 ? 0
			      : b[0] | (uint64_t)b[n / 2] << n / 2 * 8 |
					(uint64_t)b[n - 1] << (n - 1) * 8;
	}
	memcpy(&head, p, sizeof(head));
	memcpy(&tail, p + n - sizeof(tail), sizeof(tail));
	return head | (uint64_t)tail << (n - sizeof(tail)) * 8;
}

/* All bytes are decimal digits. */
static inline bool word_is_digits(uint64_t w)
{
	return !(((w + WORD_ONES * (0x7f - '9')) | (w - WORD_ONES * '0') | w) & WORD_HIGHS);
}

/* The value of eight decimal digits. Neighbours are joined: to numbers of two digits, of four, of
 * eight. */
static inline uint64_t word_decimal(uint64_t w)
{
	w -= WORD_ONES * '0';
	w = w * 10 + (w >> 8);
	w = (w & UINT64_C(0x00ff00ff00ff00ff)) * 100 + (w >> 16 & UINT64_C(0x00ff00ff00ff00ff));
	return (w & 0xffff) * 10000 + (w >> 32 & 0xffff);
}

/* The first n bytes of a word. */
static inline uint64_t word_low(size_t n)
{
	return n < sizeof(uint64_t) ? (UINT64_C(1) << (8 * n)) - 1 : UINT64_MAX;
}

/* ---- blocks ---- */

/* block_stops: whether there are bytes at p below 0x20 or above 0x7f, quotes or backslashes;
 * block_escapes: the same without those above 0x7f; block_differs: whether bytes at a and b differ.
 * 0 if not; otherwise block_first says where the first of them is. block_low: the marks of the
 * first n bytes, BLOCK_SIZE at most. */

#ifdef __SSE2__

#define BLOCK_SIZE 16

static inline __m128i block_load(const void *p)
{
	return _mm_loadu_si128(p);
}

static inline __m128i block_marks(__m128i block, __m128i controls)
{
	__m128i quotes = _mm_cmpeq_epi8(block, _mm_set1_epi8('"'));
	__m128i slashes = _mm_cmpeq_epi8(block, _mm_set1_epi8('\\'));

	return _mm_or_si128(_mm_or_si128(quotes, slashes), controls);
}

static inline uint64_t block_stops(const char *p)
{
	__m128i block = block_load(p); /* of signed bytes: those above 0x7f are below 0x20 too */
	__m128i controls = _mm_cmplt_epi8(block, _mm_set1_epi8(0x20));

	return (unsigned)_mm_movemask_epi8(block_marks(block, controls));
}

static inline uint64_t block_escapes(const char *p)
{
	__m128i block = block_load(p);
	__m128i controls =
		_mm_cmpeq_epi8(_mm_max_epu8(block, _mm_set1_epi8(0x1f)), _mm_set1_epi8(0x1f));

	return (unsigned)_mm_movemask_epi8(block_marks(block, controls));
}

static inline uint64_t block_differs(const char *a, const char *b)
{
	__m128i same = _mm_cmpeq_epi8(block_load(a), block_load(b));

	return (unsigned)_mm_movemask_epi8(same) ^ 0xffff;
}

static inline unsigned block_first(uint64_t marks)
{
	return (unsigned)__builtin_ctzll(marks);
}

static inline uint64_t block_low(size_t n)
{
	return (UINT64_C(1) << n) - 1;
}

#else

#define BLOCK_SIZE 8

static inline uint64_t block_escapes(const char *p)
{
	return word_escapes(word_load(p));
}

static inline uint64_t block_stops(const char *p)
{
	return block_escapes(p) | (word_load(p) & WORD_HIGHS);
}

static inline uint64_t block_differs(const char *a, const char *b)
{
	return word_load(a) ^ word_load(b);
}

static inline unsigned block_first(uint64_t marks)
{
	return word_first(marks);
}

static inline uint64_t block_low(size_t n)
{
	return word_low(n);
}

#endif

/* The first n bytes of a and b are the same; both may be read up to the next multiple of
 * BLOCK_SIZE. */
static inline bool block_same(const char *a, const char *b, size_t n)
{
	for (; n > BLOCK_SIZE; n -= BLOCK_SIZE) {
		if (block_differs(a, b))
			return false;
		a += BLOCK_SIZE;
		b += BLOCK_SIZE;
	}
	return (block_differs(a, b) & block_low(n)) == 0;
}
