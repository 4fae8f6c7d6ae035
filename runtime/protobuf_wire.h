/* What protobuf's bytes are made of: https://protobuf.dev/programming-guides/encoding/ */
#pragma once

#include <stdint.h>

#include "runtime/fault.h"

enum {
	WIRE_VARINT = 0,
	WIRE_FIXED64 = 1,
	WIRE_BYTES = 2, /* a length and that many bytes */
	WIRE_GROUP = 3,
	WIRE_GROUP_END = 4,
	WIRE_FIXED32 = 5,
};

/* Most bytes of a varint, and of one that has no more than 32 bits. */
#define WIRE_VARINT_MAX 10
#define WIRE_SHORT_MAX  5

/* Where a reader stands in a message. */
struct wire {
	const char *start; /* of the body */
	const char *p;
	const char *end; /* of the message that p is in */
	struct ovd_fault *fault;
};

/* The fault at `at`; -EBADMSG. */
#define WIRE_FAULT(w, at, ...) fault_set((w)->fault, (size_t)((at) - (w)->start), __VA_ARGS__)

/* All below stand at the first byte of what they read, and leave p behind it. 0; -EBADMSG and the
 * fault. */

/* A varint of at most `most` bytes. */
int wire_varint_long(struct wire *w, int most, uint64_t *ret);

static inline int wire_varint(struct wire *w, int most, uint64_t *ret)
{
	if (w->p == w->end || (unsigned char)*w->p >= 0x80)
		return wire_varint_long(w, most, ret);
	*ret = (unsigned char)*w->p++;
	return 0;
}

/* What begins a field. The type may be one that is not above. */
int wire_tag(struct wire *w, uint32_t *ret_number, unsigned *ret_type);

/* The length of a WIRE_BYTES; that many bytes are there. */
int wire_length(struct wire *w, size_t *ret);

/* The value of a field that nobody asked for. Groups, which no schema of ours can have, are
 * refused: so nothing nests deeper than the schema does. */
int wire_skip(struct wire *w, unsigned type);
