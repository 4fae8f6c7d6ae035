/* A strict JSON lexer, RFC 8259, over bytes that end in a NUL and may be read BUF_SLACK beyond it.
 * As NUL is legal nowhere in JSON, nothing but the end itself has to look where the end is. */
#pragma once

#include <stdint.h>

#include "runtime/arena.h"
#include "runtime/fault.h"
#include "runtime/json_word.h"
#include "runtime/view.h"

/* Where a reader stands. */
struct json_scan {
	const char *start;
	const char *p;
	const char *key;     /* where the last key that was read begins: at its quote */
	struct arena *arena; /* for texts with escapes */
	struct ovd_fault *fault;
	int depth; /* objects and arrays around p */
	int r;     /* what a reader that has p in a register and returned NULL failed with */
};

/* The fault at `at`; -EBADMSG. */
#define SCAN_FAULT(s, at, ...) fault_set((s)->fault, (size_t)((at) - (s)->start), __VA_ARGS__)

/* No known writer puts blanks between tokens. */
static inline const char *scan_past_blanks(const char *p)
{
	if ((unsigned char)*p <= ' ')
		while (*p == ' ' || *p == '\n' || *p == '\t' || *p == '\r')
			p++;
	return p;
}

static inline void scan_blanks(struct json_scan *s)
{
	s->p = scan_past_blanks(s->p);
}

/* For such a reader: where a function below, which returned r, left p; NULL if it failed. */
static inline const char *scan_end(struct json_scan *s, int r)
{
	s->r = r;
	return r < 0 ? NULL : s->p;
}

/* All below stand at the first byte of what they read, and leave p behind it. 0; -EBADMSG and the
 * fault; -ENOMEM. */

/* A string; `what` names what was expected there, for the message. */
int scan_string_any(struct json_scan *s, const char *what, struct ovd_view *ret);

/* Where the first byte of p is that isn't copied to a value as it is, or is no ASCII. */
static inline const char *scan_plain(const char *p)
{
	uint64_t stops;

	while (!(stops = block_stops(p)))
		p += BLOCK_SIZE;
	return p + block_first(stops);
}

/* A string of ASCII without escapes: behind it, or NULL if p begins none. */
static inline const char *scan_ascii(const char *p, struct ovd_view *ret)
{
	const char *from = p + 1, *end;

	if (*p != '"')
		return NULL;
	end = scan_plain(from);
	if (*end != '"')
		return NULL;
	*ret = (struct ovd_view){ .p = from, .n = (size_t)(end - from) };
	return end + 1;
}

static inline int scan_string(struct json_scan *s, const char *what, struct ovd_view *ret)
{
	const char *end = scan_ascii(s->p, ret);

	if (!end)
		return scan_string_any(s, what, ret);
	s->p = end;
	return 0;
}

/* Decimal digits up to 2^64-1, with nothing behind them that belongs to a number: behind them, or
 * NULL if p begins none such. */
const char *scan_digits(const char *p, uint64_t *ret);

/* An integer without fraction or exponent, from 0, or from min, to max. */
int scan_uint(struct json_scan *s, uint64_t max, uint64_t *ret);
int scan_int(struct json_scan *s, int64_t min, int64_t max, int64_t *ret);

int scan_bool(struct json_scan *s, bool *ret);

/* The word null is here: then p is behind it. An n that begins another word is a fault. */
int scan_null(struct json_scan *s, bool *ret);

/* Any value, as strictly as if it were wanted. */
int scan_skip(struct json_scan *s);

/* The opening bracket: one level deeper. The caller takes depth back at the closing one. */
int scan_open(struct json_scan *s, char bracket, const char *what);

/* In an object, behind { or a member's value: the next key, its colon and the blanks behind it.
 * *ret_more is false, and p behind }, if there is none. first: nothing stood between { and p. */
int scan_key(struct json_scan *s, bool first, struct ovd_view *ret, bool *ret_more);

/* In an array, the same without keys. */
int scan_item(struct json_scan *s, bool first, bool *ret_more);
