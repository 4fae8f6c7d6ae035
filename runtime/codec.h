/* The forms that a document has on the wire. */
#pragma once

#include <stdbool.h>

#include "runtime/arena.h"
#include "runtime/buf.h"
#include "runtime/fault.h"
#include "runtime/table.h"
#include "runtime/view.h"

enum ovd_codec {
	OVD_CODEC_JSON,
	OVD_CODEC_PROTOBUF, /* built in where WITH_PROTOBUF was 1 */
};
#define OVD_N_CODECS 2

/* The form's name: json, protobuf. */
const char *codec_name(enum ovd_codec codec);

/* The form of that name; -EINVAL. */
int codec_parse(struct ovd_view name, enum ovd_codec *ret);

/* Whether this program can read and write it. */
bool codec_is_built(enum ovd_codec codec);

/* The form of a frame's body, by its first byte: the fields of Frame are numbered from 16, so in
 * protobuf it is 0x80 or more, which begins no JSON. JSON where protobuf is not built in. */
enum ovd_codec codec_of(struct ovd_view body);

/* As json_decode and protobuf_decode: out may hold views into body and arena. A form that is not
 * built in is a fault. */
int codec_decode(enum ovd_codec codec, const struct ovd_table *table, struct ovd_view body,
		 struct arena *arena, void *out, struct ovd_fault *fault);

/* As json_encode, protobuf_encode: what is made on the way lies in the arena, until the caller
 * resets it. -ENOTSUP if the form is not built in. */
int codec_encode(enum ovd_codec codec, const struct ovd_table *table, const void *in,
		 struct arena *arena, struct buf *out);

/* The unsigned integer of that key in the outermost object of a body that may be broken behind it;
 * -ENOENT. The table is a union's, whose variants are objects. */
int codec_peek_u64(enum ovd_codec codec, const struct ovd_table *table, struct ovd_view body,
		   struct ovd_view key, uint64_t *ret);
