#include "gen/options.h"

#include "runtime/buf.h"

static void *arena_get(void *arena, size_t n)
{
	return arena_alloc(arena, n);
}

static void arena_keep(void *arena _unused_, void *p _unused_)
{
}

/* The payload behind a length-delimited field's varint. */
static struct ovd_view payload(const ProtobufCMessageUnknownField *field)
{
	size_t skip = 0;

	while (skip < field->len && field->data[skip] & 0x80)
		skip++;
	skip++;
	return (struct ovd_view){ .p = (const char *)field->data + skip, .n = field->len - skip };
}

void *option_unpack(struct arena *arena, const ProtobufCMessage *options,
		    const ProtobufCMessageDescriptor *type)
{
	ProtobufCAllocator allocator = { .alloc = arena_get,
					 .free = arena_keep,
					 .allocator_data = arena };
	_cleanup_(buf_done) struct buf whole = { .p = NULL };

	for (unsigned i = 0; options && i < options->n_unknown_fields; i++) {
		const ProtobufCMessageUnknownField *field = &options->unknown_fields[i];
		struct ovd_view part = payload(field);

		if (field->tag == OPTION_NUMBER &&
		    field->wire_type == PROTOBUF_C_WIRE_TYPE_LENGTH_PREFIXED &&
		    buf_append(&whole, part.p, part.n) < 0)
			return NULL;
	}
	return protobuf_c_message_unpack(type, &allocator, whole.n,
					 (const uint8_t *)buf_view(&whole).p);
}
