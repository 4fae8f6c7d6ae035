/* Protobuf between bytes and structs, by table, through libprotobuf-c.
 *
 * libprotobuf-c says neither what is wrong with a message nor where, and has no limits: a body is
 * checked before it sees it. Rules: docs/protocol-rules.md. Tables must name their descriptor. */
#pragma once

#include "runtime/arena.h"
#include "runtime/buf.h"
#include "runtime/fault.h"
#include "runtime/table.h"
#include "runtime/view.h"

/* Fields that the schema doesn't know, in a whole body: more are a fault. Each costs libprotobuf-c
 * some 100 bytes; the number is four for each item of the longest list. */
#define PROTOBUF_UNKNOWN_MAX 262144

/* Says whether a body is a document of this table that protobuf_decode takes. 0; -EBADMSG and the
 * fault, whose path is of field numbers: "16.2.11.1.5[3]". body.p[body.n] must be NUL and BUF_SLACK
 * bytes from there readable. */
int protobuf_check(const struct ovd_table *table, struct ovd_view body, struct ovd_fault *fault);

/* As json_decode; all of what out holds lies in the arena. */
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
