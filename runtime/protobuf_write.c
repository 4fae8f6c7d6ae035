#include <errno.h>

#include "runtime/ip.h"
#include "runtime/protobuf.h"
#include "runtime/protobuf_member.h"
#include "runtime/row.h"

static int fill_fields(struct arena *arena, const struct ovd_fields *fields,
		       const struct ovd_row *rows, const void *object, ProtobufCMessage *m);
static int new_union(struct arena *arena, const struct ovd_union *u,
		     const ProtobufCMessageDescriptor *d, const void *at, ProtobufCMessage **ret);

static ProtobufCMessage *new_message(struct arena *arena, const ProtobufCMessageDescriptor *d)
{
	ProtobufCMessage *m = arena_alloc(arena, d->sizeof_message);

	if (m)
		protobuf_c_message_init(d, m);
	return m;
}

/* ---- values ---- */

static ProtobufCBinaryData text_data(struct ovd_view text)
{
	return (ProtobufCBinaryData){ .len = text.n, .data = (uint8_t *)text.p };
}

static int store_ip(struct arena *arena, const struct ovd_ip *ip, ProtobufCBinaryData *to)
{
	char *text = arena_alloc(arena, IP_TEXT_MAX);

	if (!text)
		return -ENOMEM;
	*to = text_data(view(ip_format(ip, text)));
	return 0;
}

static int new_object(struct arena *arena, const struct ovd_object *o,
		      const ProtobufCMessageDescriptor *d, const void *object,
		      ProtobufCMessage **ret)
{
	ProtobufCMessage *m = new_message(arena, d);
	int r = m ? fill_fields(arena, &o->fields, o->rows, object, m) : -ENOMEM;

	if (r == 0)
		*ret = m;
	return r;
}

static int fill_value(struct arena *arena, const struct ovd_row *row,
		      const ProtobufCFieldDescriptor *f, const void *at, void *to)
{
	switch ((enum ovd_kind)row->kind) {
	case OVD_KIND_ENUM:
		if (!enum_value(row->type, *(const int *)at))
			return -EINVAL;
		uint_store(to, (unsigned)member_size(f), uint_load(at, row->width));
		return 0;
	case OVD_KIND_BOOL:
	case OVD_KIND_UINT:
	case OVD_KIND_INT:
		uint_store(to, (unsigned)member_size(f), uint_load(at, row->width));
		return 0;
	case OVD_KIND_TEXT:
		*(ProtobufCBinaryData *)to = text_data(*(const struct ovd_view *)at);
		return 0;
	case OVD_KIND_IP:
		return store_ip(arena, at, to);
	case OVD_KIND_OBJECT:
		return new_object(arena, row->type, f->descriptor, at, to);
	case OVD_KIND_UNION:
		return new_union(arena, row->type, f->descriptor, at, to);
	}
	return -EINVAL;
}

static int fill_list(struct arena *arena, const struct ovd_row *row,
		     const ProtobufCFieldDescriptor *f, const struct ovd_list *list,
		     ProtobufCMessage *m)
{
	size_t size = member_size(f);
	char *items = list->n > 0 ? arena_alloc(arena, list->n * size) : NULL;

	if (list->n > 0 && !items)
		return -ENOMEM;
	for (size_t i = 0; i < list->n; i++) {
		int r = fill_value(arena, row, f, (const char *)list->items + i * row->item_size,
				   items + i * size);

		if (r < 0)
			return r;
	}
	*(char **)member_value(m, f) = items;
	*(size_t *)member_quantifier(m, f) = list->n;
	return 0;
}

/* ---- messages ---- */

static int fill_row(struct arena *arena, const struct ovd_row *row,
		    const ProtobufCFieldDescriptor *f, const void *object, ProtobufCMessage *m)
{
	const void *at = row_value(row, object);

	if (row->flags & OVD_LIST)
		return fill_list(arena, row, f, at, m);
	if (row->flags & OVD_OPTIONAL && row_left_out(row, object))
		return 0;
	if (f->label == PROTOBUF_C_LABEL_OPTIONAL && f->type != PROTOBUF_C_TYPE_MESSAGE)
		*(protobuf_c_boolean *)member_quantifier(m, f) = true;
	return fill_value(arena, row, f, at, member_value(m, f));
}

/* As read_fields: both sides have the same fields in the same order. */
static int fill_fields(struct arena *arena, const struct ovd_fields *fields,
		       const struct ovd_row *rows, const void *object, ProtobufCMessage *m)
{
	for (unsigned i = 0; i < fields->n; i++) {
		const struct ovd_field *field = &fields->items[i];
		const ProtobufCFieldDescriptor *f = &m->descriptor->fields[i];
		ProtobufCMessage *inner;
		int r;

		if (field->flat) {
			inner = new_message(arena, f->descriptor);
			r = inner ? fill_fields(arena, field->flat, rows, object, inner) : -ENOMEM;
			*(ProtobufCMessage **)member_value(m, f) = inner;
		} else {
			r = fill_row(arena, &rows[field->row], f, object, m);
		}
		if (r < 0)
			return r;
	}
	return 0;
}

static int new_union(struct arena *arena, const struct ovd_union *u,
		     const ProtobufCMessageDescriptor *d, const void *at, ProtobufCMessage **ret)
{
	const struct ovd_variant *variant = union_variant(u, at);
	const ProtobufCFieldDescriptor *f;
	ProtobufCMessage *m, **inner;
	int r;

	if (!variant)
		return -EINVAL;
	m = new_message(arena, d);
	if (!m)
		return -ENOMEM;
	f = protobuf_c_message_descriptor_get_field(d, variant->number);
	*(uint32_t *)member_quantifier(m, f) = variant->number;
	inner = member_value(m, f);
	at = (const char *)at + variant->offset;
	r = variant->inner ? new_union(arena, variant->inner, f->descriptor, at, inner)
			   : new_object(arena, variant->object, f->descriptor, at, inner);
	if (r == 0)
		*ret = m;
	return r;
}

int protobuf_encode(const struct ovd_table *table, const void *in, struct arena *arena,
		    struct buf *out)
{
	ProtobufCMessage *m;
	int r = table->union_ ? new_union(arena, table->union_, table->protobuf, in, &m)
			      : new_object(arena, table->object, table->protobuf, in, &m);

	if (r == 0)
		r = buf_reserve(out, protobuf_c_message_get_packed_size(m));
	if (r == 0)
		out->n += protobuf_c_message_pack(m, (uint8_t *)out->p + out->n);
	return r;
}
