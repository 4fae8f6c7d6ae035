/* JSON between bytes and structs, by table.
 *
 * Reading is as strict as serde_json, and stricter where a contract gains by it: see
 * docs/protocol-rules.md. */
#pragma once

#include "runtime/arena.h"
#include "runtime/buf.h"
#include "runtime/fault.h"
#include "runtime/table.h"
#include "runtime/view.h"

/* Nesting that is read: 127 levels, the document's own included. */
#define JSON_DEPTH_MAX 127

/* Reads a whole body into *out, whose size is the table's. body.p[body.n] must be NUL and BUF_SLACK
 * bytes from there readable. Texts are views into the body, or into the arena where they had
 * escapes; lists lie in the arena: out lives as long as both. 0; -EBADMSG and the fault, *out
 * undefined; -ENOMEM. The body is not changed. */
int json_decode(const struct ovd_table *table, struct ovd_view body, struct arena *arena, void *out,
		struct ovd_fault *fault);

/* Appends *in to out: compact, tag first, keys in declaration order. -ENOMEM; -EINVAL where a kind
 * or an enum holds no value of its own; out is then as it was. */
int json_encode(const struct ovd_table *table, const void *in, struct buf *out);

/* The unsigned integer under a key of the outermost object, found in a body that may be broken
 * behind it. -ENOENT if it can't be read. Same demand on body as json_decode. */
int json_peek_u64(struct ovd_view body, struct ovd_view key, uint64_t *ret);
