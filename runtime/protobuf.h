/* Protobuf between bytes and structs, by table: read here, written through libprotobuf-c, so that
 * tables must name their descriptor. Rules: docs/protocol-rules.md. */
#pragma once

#include "runtime/arena.h"
#include "runtime/buf.h"
#include "runtime/fault.h"
#include "runtime/table.h"
#include "runtime/view.h"

/* Fields that the schema doesn't know, in a whole body: more are a fault. Four for each item of the
 * longest list. */
#define PROTOBUF_UNKNOWN_MAX 262144

/* As json_decode, but the fault's path is of field numbers: "16.2.11.1.5[3]". */
int protobuf_decode(const struct ovd_table *table, struct ovd_view body, struct arena *arena,
		    void *out, struct ovd_fault *fault);

/* As json_encode: fields in the order of their numbers. libprotobuf-c's structs are made in the
 * arena and are of no use afterwards; they may point into *in. */
int protobuf_encode(const struct ovd_table *table, const void *in, struct arena *arena,
		    struct buf *out);

/* As json_peek_u64, in the document's variant: the table is a union's, whose variants are objects.
 */
int protobuf_peek_u64(const struct ovd_table *table, struct ovd_view body, struct ovd_view key,
		      uint64_t *ret);
