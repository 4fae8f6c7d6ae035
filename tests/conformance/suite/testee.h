/* A program that decodes and encodes: bodies on its standard input, each after its length, u32
 * little-endian; for each, likewise, A and the canonical body, or R and the reason. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "runtime/codec.h"
#include "runtime/view.h"

/* What it says of one body. */
struct answer {
	bool given; /* else it ended, said nonsense or nothing at all; text says which */
	bool accepted;
	struct ovd_view text; /* the canonical body, the reason, or what went wrong */
};

struct testee {
	const char *const *argv; /* ended by NULL; found along $PATH */
	enum ovd_codec codec;    /* given as --codec unless it is JSON */
	const char *type;        /* frame, request, response, event: given as --type */
	unsigned timeout_ms;     /* longest that it may say nothing */
};

/* Longest answer, in bytes. */
#define TESTEE_ANSWER_MAX ((uint32_t)64 << 20)

/* How often it is started again after it ended too early. */
#define TESTEE_STARTS 10

/* How a testee's last life went. */
struct testee_end {
	bool clean;     /* it ended with status 0, having said nothing more than it had to */
	char text[120]; /* else what it did */
};

/* Gives it n bodies, while it reads, and calls each with its answers, in order and one per body; a
 * view in one lives until each returns. One that ends too early is started again behind the body
 * that it owes an answer for. Stops when each returns something else than 0, and returns that; else
 * 0; -ENOEXEC: it can't be started, and *end says why; negative errno of what this side lacks. */
int testee_run(const struct testee *testee, const struct ovd_view *bodies, size_t n,
	       int (*each)(void *arg, size_t i, const struct answer *answer), void *arg,
	       struct testee_end *end);
