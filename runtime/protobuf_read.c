#include <errno.h>

#include "runtime/ip.h"
#include "runtime/protobuf.h"
#include "runtime/protobuf_member.h"
#include "runtime/row.h"

/* Where libprotobuf-c takes its memory from. */
struct source {
	struct arena *arena;
	bool failed;
};

static int read_fields(struct arena *arena, const struct ovd_fields *fields,
		       const struct ovd_row *rows, const ProtobufCMessage *m, void *object);
static int read_union(struct arena *arena, const struct ovd_union *u, const ProtobufCMessage *m,
		      void *at);

/* ---- values ---- */

static bool is_there(const ProtobufCMessage *m, const ProtobufCFieldDescriptor *f)
{
	if (f->type == PROTOBUF_C_TYPE_MESSAGE)
		return member_message(m, f);
	return f->label == PROTOBUF_C_LABEL_REQUIRED ||
	       *(const protobuf_c_boolean *)member_quantifier(m, f);
}

static struct ovd_view load_text(const ProtobufCBinaryData *from)
{
	return (struct ovd_view){ .p = from->len ? (const char *)from->data : "", .n = from->len };
}

static int read_object(struct arena *arena, const struct ovd_object *o, const ProtobufCMessage *m,
		       void *at)
{
	memset(at, 0, o->size);
	return read_fields(arena, &o->fields, o->rows, m, at);
}

/* `size` is that of libprotobuf-c's value. */
static int read_value(struct arena *arena, const struct ovd_row *row, const void *from, size_t size,
		      void *at)
{
	switch ((enum ovd_kind)row->kind) {
	case OVD_KIND_BOOL:
	case OVD_KIND_UINT:
	case OVD_KIND_INT:
	case OVD_KIND_ENUM:
		uint_store(at, row->width, uint_load(from, (unsigned)size));
		return 0;
	case OVD_KIND_TEXT:
		*(struct ovd_view *)at = load_text(from);
		return 0;
	case OVD_KIND_IP:
		return ip_parse(load_text(from), at);
	case OVD_KIND_OBJECT:
		return read_object(arena, row->type, *(ProtobufCMessage *const *)from, at);
	case OVD_KIND_UNION:
		return read_union(arena, row->type, *(ProtobufCMessage *const *)from, at);
	}
	return -EINVAL;
}

static int read_list(struct arena *arena, const struct ovd_row *row,
		     const ProtobufCFieldDescriptor *f, const ProtobufCMessage *m,
		     struct ovd_list *list)
{
	size_t n = *(const size_t *)member_quantifier(m, f), size = member_size(f);
	const char *from = *(const char *const *)member_value(m, f);
	char *items;
	int r = 0;

	if (n == 0)
		return 0;
	items = arena_alloc(arena, n * row->item_size);
	if (!items)
		return -ENOMEM;
	for (size_t i = 0; r == 0 && i < n; i++)
		r = read_value(arena, row, from + i * size, size, items + i * row->item_size);
	*list = (struct ovd_list){ .items = items, .n = n };
	return r;
}

/* ---- messages ---- */

static int read_row(struct arena *arena, const struct ovd_row *row,
		    const ProtobufCFieldDescriptor *f, const ProtobufCMessage *m, void *object)
{
	if (row->flags & OVD_LIST)
		return read_list(arena, row, f, m, row_place(row, object));
	if (!is_there(m, f)) {
		if (row->flags & OVD_DEFAULTED)
			row_set_default(row, object);
		return 0;
	}
	if (row->flags & OVD_OPTIONAL && row->kind != OVD_KIND_TEXT)
		*row_presence(row, object) = true;
	return read_value(arena, row, member_value(m, f), member_size(f), row_place(row, object));
}

/* Both sides have the same fields in the order of their numbers: tests/conformance holds them
 * against each other. */
static int read_fields(struct arena *arena, const struct ovd_fields *fields,
		       const struct ovd_row *rows, const ProtobufCMessage *m, void *object)
{
	int r = 0;

	for (unsigned i = 0; r == 0 && i < fields->n; i++) {
		const struct ovd_field *field = &fields->items[i];
		const ProtobufCFieldDescriptor *f = &m->descriptor->fields[i];

		if (field->flat)
			r = read_fields(arena, field->flat, rows, member_message(m, f), object);
		else
			r = read_row(arena, &rows[field->row], f, m, object);
	}
	return r;
}

static int read_union(struct arena *arena, const struct ovd_union *u, const ProtobufCMessage *m,
		      void *at)
{
	const ProtobufCMessageDescriptor *d = m->descriptor;
	uint32_t number = *(const uint32_t *)member_quantifier(m, &d->fields[0]);

	for (unsigned i = 0; i < u->n_variants; i++) {
		const struct ovd_variant *variant = &u->variants[i];
		const ProtobufCMessage *inner;

		if (variant->number != number)
			continue;
		inner = member_message(m, protobuf_c_message_descriptor_get_field(d, number));
		*(int *)at = variant->value;
		at = (char *)at + variant->offset;
		return variant->inner ? read_union(arena, variant->inner, inner, at)
				      : read_object(arena, variant->object, inner, at);
	}
	return -EINVAL;
}

/* ---- documents ---- */

static void *source_alloc(void *data, size_t n)
{
	struct source *source = data;
	void *p = arena_alloc(source->arena, n);

	source->failed |= !p;
	return p;
}

static void source_free(void *data _unused_, void *p _unused_)
{
}

int protobuf_decode(const struct ovd_table *table, struct ovd_view body, struct arena *arena,
		    void *out, struct ovd_fault *fault)
{
	struct source source = { .arena = arena };
	ProtobufCAllocator allocator = { .alloc = source_alloc,
					 .free = source_free,
					 .allocator_data = &source };
	const ProtobufCMessage *m;
	int r = protobuf_check(table, body, fault);

	if (r < 0)
		return r;
	m = protobuf_c_message_unpack(table->protobuf, &allocator, body.n, (const uint8_t *)body.p);
	if (!m)
		return source.failed ? -ENOMEM
				     : fault_set(fault, 0, "libprotobuf-c can't read the message");
	return table->union_ ? read_union(arena, table->union_, m, out)
			     : read_object(arena, table->object, m, out);
}
