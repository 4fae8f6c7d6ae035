/* Bodies of protobuf made by hand: what a reader must take although no writer of ours makes it, and
 * what it must refuse. All are frames of a request. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "runtime/view.h"

struct protobuf_case {
	const char *id, *says;
	struct ovd_view body;
	struct ovd_view canonical; /* absent of what is refused */
	uint64_t id_read;          /* of the request, for the err: 0 where none can be read */
	const char *field;         /* of one that is refused: the numbers that lead to the fault */
};

extern const struct protobuf_case protobuf_cases[];
extern const size_t protobuf_n_cases;

#define PROTOBUF_RULES "protocol-rules.md, Protobuf"
