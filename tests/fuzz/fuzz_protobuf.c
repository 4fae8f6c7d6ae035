/* Protobuf decode: as fuzz_json.c and fuzz_fixed_point.c ask of JSON; what we take libprotobuf-c
 * takes; and a document goes from either form into the other and back without loss. The digits 0 to
 * 3 that an input begins with are the types of document in protobuf, 4 to 7 the same in JSON. */
#include "runtime/protobuf.h"

#include <protobuf-c/protobuf-c.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/codec.h"
#include "tests/fuzz/document.h"

/* One body as it is read. */
struct reading {
	enum ovd_codec codec;
	const struct ovd_table *table;
	char *body;
	struct arena arena;
	union document document;
	struct ovd_fault fault;
	int r;
};

static void reading_done(struct reading *reading)
{
	free(reading->body);
	arena_done(&reading->arena);
}

static void read_body(struct reading *reading, struct ovd_view text, int fill)
{
	reading->body = fuzz_body(text, (char)fill);
	reading->r = codec_decode(reading->codec, reading->table,
				  (struct ovd_view){ .p = reading->body, .n = text.n },
				  &reading->arena, &reading->document, &reading->fault);
	MUST(reading->r == 0 || (reading->r == -EBADMSG && reading->fault.offset <= text.n));
	MUST(text.n == 0 || memcmp(reading->body, text.p, text.n) == 0);
}

static void write_body(struct reading *reading, enum ovd_codec codec, struct buf *out)
{
	MUST(codec_encode(codec, reading->table, &reading->document, &reading->arena, out) == 0);
}

/* Written in that form and read from it, the document is the same in its own. */
static void must_return_from(struct reading *here, enum ovd_codec through)
{
	_cleanup_(reading_done) struct reading there = { .codec = through, .table = here->table };
	_cleanup_(buf_done) struct buf out = { .p = NULL }, home = { .p = NULL },
				       again = { .p = NULL };

	write_body(here, here->codec, &home);
	write_body(here, through, &out);
	read_body(&there, buf_view(&out), 0xff);
	MUST(there.r == 0);
	write_body(&there, here->codec, &again);
	MUST(view_eq(buf_view(&home), buf_view(&again)));
}

static void must_be_known_to_protobuf_c(const struct ovd_table *table, struct ovd_view text)
{
	ProtobufCMessage *message =
		protobuf_c_message_unpack(table->protobuf, NULL, text.n, (const uint8_t *)text.p);

	MUST(message);
	protobuf_c_message_free_unpacked(message, NULL);
}

/* What stands behind a body means nothing, and its id is found as in the whole. */
static void check_verdict(struct reading *reading, struct ovd_view text)
{
	_cleanup_(reading_done) struct reading other = { .codec = reading->codec,
							 .table = reading->table };
	struct ovd_view body = { .p = reading->body, .n = text.n };
	uint64_t id;
	bool has_id =
		codec_peek_u64(reading->codec, reading->table, body, VIEW_LITERAL("id"), &id) == 0;

	read_body(&other, text, 0x08);
	MUST(reading->r == other.r);
	MUST(reading->r == 0 || (reading->fault.offset == other.fault.offset &&
				 strcmp(reading->fault.path, other.fault.path) == 0 &&
				 strcmp(reading->fault.text, other.fault.text) == 0));
	if (reading->r == 0 && reading->table == &ovd_frame_table &&
	    reading->document.frame.kind == OVD_FRAME_REQUEST)
		MUST(has_id && id == reading->document.frame.request.id);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct fuzz_input in = { data, n };
	_cleanup_(reading_done) struct reading reading = {
		.codec = n > 0 && data[0] & 4 ? OVD_CODEC_JSON : OVD_CODEC_PROTOBUF,
		.table = document_type(&in),
	};
	struct ovd_view text = input_take(&in, in.n);

	read_body(&reading, text, '\0');
	check_verdict(&reading, text);
	if (reading.r < 0)
		return 0;
	if (reading.codec == OVD_CODEC_PROTOBUF)
		must_be_known_to_protobuf_c(reading.table, text);
	must_return_from(&reading, OVD_CODEC_JSON);
	must_return_from(&reading, OVD_CODEC_PROTOBUF);
	return 0;
}
