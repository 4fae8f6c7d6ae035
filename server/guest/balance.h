/* Finds where a JSON object ends, a byte at a time and without keeping them. As strict about
 * braces, colons, commas and strings as RFC 8259, so that text that only begins like an object is
 * soon seen to be none; words and numbers may be any. */
#pragma once

#include <stdint.h>

#define BALANCE_DEPTH 64

enum balance_verdict {
	BALANCE_MORE,
	BALANCE_DONE, /* that was its last byte */
	BALANCE_BAD,  /* no object has this byte here */
};

struct balance {
	uint8_t state;
	uint8_t depth;
	uint64_t objects; /* bit i: level i is an object, not an array */
};

/* Behind the object's opening brace. */
void balance_begin(struct balance *b);

/* After BALANCE_DONE and BALANCE_BAD it has to begin again. */
enum balance_verdict balance_feed(struct balance *b, char c);
