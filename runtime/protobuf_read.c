#include <errno.h>
#include <stdio.h>

#include "runtime/ip.h"
#include "runtime/json_word.h"
#include "runtime/protobuf.h"
#include "runtime/protobuf_wire.h"
#include "runtime/row.h"
#include "runtime/utf8.h"

struct reader {
	struct wire w;
	struct arena *arena; /* for lists */
	unsigned n_unknown;
};

static int read_fields(struct reader *in, const struct ovd_fields *fields,
		       const struct ovd_row *rows, void *object);
static int read_union(struct reader *in, const struct ovd_union *u, void *at);

/* Puts a field's number before the fault's path. */
static int in_field(struct reader *in, uint32_t number, int r)
{
	char text[16];

	if (r == -EBADMSG) {
		snprintf(text, sizeof(text), "%u", number);
		fault_in_key(in->w.fault, view(text));
	}
	return r;
}

static int skip_unknown(struct reader *in, uint32_t number, unsigned type)
{
	if (++in->n_unknown > PROTOBUF_UNKNOWN_MAX)
		return WIRE_FAULT(&in->w, in->w.p, "more than %d unknown fields",
				  PROTOBUF_UNKNOWN_MAX);
	return in_field(in, number, wire_skip(&in->w, type));
}

/* ---- values ---- */

static int check_utf8(struct reader *in, const char *p, const char *end)
{
	while (p < end) {
		uint64_t w = word_load(p), stops = (w & WORD_HIGHS) | word_zero(w);
		int n;

		if (!(stops & word_low((size_t)(end - p)))) {
			p += sizeof(w);
			continue;
		}
		if (*p == '\0')
			return WIRE_FAULT(&in->w, p, "a string must not hold a NUL");
		n = utf8_length((const unsigned char *)p);
		if (n == 0 || n > end - p)
			return WIRE_FAULT(&in->w, p, "a string is not UTF-8");
		p += n;
	}
	return 0;
}

static int read_text(struct reader *in, const struct ovd_row *row, struct ovd_view *at)
{
	const char *from = in->w.p;
	size_t n;
	int r = wire_length(&in->w, &n);

	if (r < 0)
		return r;
	if (n > row->max_bytes)
		return WIRE_FAULT(&in->w, from, "longer than %u bytes", row->max_bytes);
	*at = (struct ovd_view){ .p = in->w.p, .n = n };
	in->w.p += n;
	return check_utf8(in, in->w.p - n, in->w.p);
}

static int read_ip(struct reader *in, struct ovd_ip *at)
{
	size_t n;
	int r = wire_length(&in->w, &n);

	if (r < 0)
		return r;
	if (ip_parse((struct ovd_view){ .p = in->w.p, .n = n }, at) < 0)
		return WIRE_FAULT(&in->w, in->w.p, "not an IP address");
	in->w.p += n;
	return 0;
}

static int read_number(struct reader *in, const struct ovd_row *row, void *at)
{
	int64_t most = int_most(row->width);
	const char *from = in->w.p;
	uint64_t value;
	int r = wire_varint(&in->w, WIRE_VARINT_MAX, &value);

	if (r < 0)
		return r;
	if (row->kind == OVD_KIND_BOOL && value > 1)
		return WIRE_FAULT(&in->w, from, "expected 0 or 1");
	if (row->kind == OVD_KIND_UINT && value > uint_most(row->width))
		return WIRE_FAULT(&in->w, from, "expected an integer from 0 to %llu",
				  (unsigned long long)uint_most(row->width));
	if (row->kind == OVD_KIND_INT && ((int64_t)value > most || (int64_t)value < -most - 1))
		return WIRE_FAULT(&in->w, from, "expected an integer from %lld to %lld",
				  (long long)-most - 1, (long long)most);
	if (row->kind == OVD_KIND_ENUM && !enum_value(row->type, (int64_t)value))
		return WIRE_FAULT(&in->w, from, "not one of the values of %s",
				  ((const struct ovd_enum *)row->type)->name);
	uint_store(at, row->width, value);
	return 0;
}

/* A message inside the one that the reader is in: of a union, or of these fields. */
static int read_inner(struct reader *in, const struct ovd_union *u, const struct ovd_fields *fields,
		      const struct ovd_row *rows, void *at)
{
	const char *end = in->w.end;
	size_t n;
	int r = wire_length(&in->w, &n);

	if (r < 0)
		return r;
	in->w.end = in->w.p + n;
	r = u ? read_union(in, u, at) : read_fields(in, fields, rows, at);
	in->w.end = end;
	return r;
}

static int read_object(struct reader *in, const struct ovd_object *o, void *at)
{
	memset(at, 0, o->size);
	return read_inner(in, NULL, &o->fields, o->rows, at);
}

static int read_value(struct reader *in, const struct ovd_row *row, void *at)
{
	switch ((enum ovd_kind)row->kind) {
	case OVD_KIND_BOOL:
	case OVD_KIND_UINT:
	case OVD_KIND_INT:
	case OVD_KIND_ENUM:
		return read_number(in, row, at);
	case OVD_KIND_TEXT:
		return read_text(in, row, at);
	case OVD_KIND_IP:
		return read_ip(in, at);
	case OVD_KIND_OBJECT:
		return read_object(in, row->type, at);
	case OVD_KIND_UNION:
		return read_inner(in, row->type, NULL, NULL, at);
	}
	return -EINVAL;
}

/* ---- fields ---- */

static bool is_number(const struct ovd_row *row)
{
	return row->kind == OVD_KIND_BOOL || row->kind == OVD_KIND_UINT ||
	       row->kind == OVD_KIND_INT || row->kind == OVD_KIND_ENUM;
}

static int wrong_type(struct reader *in, const char *at, unsigned type, unsigned wanted)
{
	return WIRE_FAULT(&in->w, at, "wire type %u where %u is expected", type, wanted);
}

/* Where another item goes; NULL if there is no memory. A list has room for 4 items, then for twice
 * as many whenever it is full. */
static void *item_place(struct reader *in, const struct ovd_row *row, struct ovd_list *list)
{
	size_t n = list->n, size = row->item_size;
	char *items = (char *)list->items;

	if (n == 0 || (n >= 4 && (n & (n - 1)) == 0)) {
		items = arena_alloc(in->arena, MAX(n * 2, (size_t)4) * size);
		if (!items)
			return NULL;
		if (n > 0)
			memcpy(items, list->items, n * size);
		list->items = items;
	}
	return items + n * size;
}

static int read_item(struct reader *in, const struct ovd_row *row, struct ovd_list *list)
{
	void *at;
	int r;

	if (list->n >= row->max_items) {
		r = WIRE_FAULT(&in->w, in->w.p, "more than %u items", row->max_items);
	} else {
		at = item_place(in, row, list);
		r = at ? read_value(in, row, at) : -ENOMEM;
	}
	if (r == -EBADMSG)
		fault_in_item(in->w.fault, list->n);
	list->n++;
	return r;
}

/* Numbers of a list in one piece, which any writer may send. */
static int read_packed(struct reader *in, const struct ovd_row *row, struct ovd_list *list)
{
	const char *end = in->w.end;
	size_t n;
	int r = wire_length(&in->w, &n);

	if (r < 0)
		return r;
	in->w.end = in->w.p + n;
	while (r == 0 && in->w.p < in->w.end)
		r = read_item(in, row, list);
	in->w.end = end;
	return r;
}

static int read_row(struct reader *in, const struct ovd_row *row, const char *tag, unsigned type,
		    void *object)
{
	unsigned wanted = is_number(row) ? WIRE_VARINT : WIRE_BYTES;
	void *at = row_place(row, object);

	if (type == WIRE_BYTES && is_number(row) && row->flags & OVD_LIST)
		return read_packed(in, row, at);
	if (type != wanted)
		return wrong_type(in, tag, type, wanted);
	if (row->flags & OVD_LIST)
		return read_item(in, row, at);
	if (row->flags & OVD_OPTIONAL && row->kind != OVD_KIND_TEXT)
		*row_presence(row, object) = true;
	return read_value(in, row, at);
}

/* A field whose tag began at `tag`. */
static int read_field(struct reader *in, const struct ovd_field *f, const struct ovd_row *rows,
		      bool seen, const char *tag, unsigned type, void *object)
{
	if (seen && (f->flat || !(rows[f->row].flags & OVD_LIST)))
		return WIRE_FAULT(&in->w, tag, "the field stands twice");
	if (!f->flat)
		return read_row(in, &rows[f->row], tag, type, object);
	if (type != WIRE_BYTES)
		return wrong_type(in, tag, type, WIRE_BYTES);
	return read_inner(in, NULL, f->flat, rows, object);
}

/* Protobuf can't tell a list that is missing from an empty one; a flattened message is required. */
static bool is_required(const struct ovd_field *f, const struct ovd_row *rows)
{
	return f->flat || (rows[f->row].flags & (OVD_REQUIRED | OVD_LIST)) == OVD_REQUIRED;
}

static int check_missing(struct reader *in, const struct ovd_fields *fields,
			 const struct ovd_row *rows, uint64_t seen, void *object)
{
	for (unsigned i = 0; i < fields->n; i++) {
		const struct ovd_field *f = &fields->items[i];

		if (seen >> i & 1)
			continue;
		if (is_required(f, rows))
			return in_field(in, f->number,
					WIRE_FAULT(&in->w, in->w.end, "the field is missing"));
		if (rows[f->row].flags & OVD_DEFAULTED)
			row_set_default(&rows[f->row], object);
	}
	return 0;
}

/* The field of that number, first looked for where a writer would put it: behind the last one, or
 * at that again. */
static unsigned find_field(const struct ovd_fields *fields, unsigned next, uint32_t number)
{
	if (next < fields->n && fields->items[next].number == number)
		return next;
	if (next > 0 && fields->items[next - 1].number == number)
		return next - 1;
	for (unsigned i = 0; i < fields->n; i++)
		if (fields->items[i].number == number)
			return i;
	return fields->n;
}

/* A message up to its end, into an object of zeros. */
static int read_fields(struct reader *in, const struct ovd_fields *fields,
		       const struct ovd_row *rows, void *object)
{
	uint64_t seen = 0;
	unsigned next = 0, type;
	uint32_t number;

	while (in->w.p < in->w.end) {
		const char *tag = in->w.p;
		int r = wire_tag(&in->w, &number, &type);
		unsigned i;

		if (r < 0)
			return r;
		i = find_field(fields, next, number);
		if (i < fields->n) {
			r = read_field(in, &fields->items[i], rows, seen >> i & 1, tag, type,
				       object);
			r = in_field(in, number, r);
			seen |= UINT64_C(1) << i;
			next = i + 1;
		} else {
			r = skip_unknown(in, number, type);
		}
		if (r < 0)
			return r;
	}
	return check_missing(in, fields, rows, seen, object);
}

/* ---- unions ---- */

static int read_variant(struct reader *in, const struct ovd_variant *variant, const char *tag,
			unsigned type, void *at)
{
	if (type != WIRE_BYTES)
		return wrong_type(in, tag, type, WIRE_BYTES);
	*(int *)at = variant->value;
	at = (char *)at + variant->offset;
	if (variant->inner)
		return read_inner(in, variant->inner, NULL, NULL, at);
	return read_object(in, variant->object, at);
}

static const struct ovd_variant *find_variant(const struct ovd_union *u, uint32_t number)
{
	for (unsigned i = 0; i < u->n_variants; i++)
		if (u->variants[i].number == number)
			return &u->variants[i];
	return NULL;
}

static int read_union(struct reader *in, const struct ovd_union *u, void *at)
{
	const struct ovd_variant *found = NULL;
	const char *unknown_at = NULL;
	uint32_t number, unknown = 0;
	unsigned type;

	while (in->w.p < in->w.end) {
		const struct ovd_variant *variant;
		const char *tag = in->w.p;
		int r = wire_tag(&in->w, &number, &type);

		if (r < 0)
			return r;
		variant = find_variant(u, number);
		if (!variant) {
			unknown = number;
			unknown_at = tag;
			r = skip_unknown(in, number, type);
		} else if (found) {
			r = in_field(in, number, WIRE_FAULT(&in->w, tag, "a second variant"));
		} else {
			found = variant;
			r = in_field(in, number, read_variant(in, variant, tag, type, at));
		}
		if (r < 0)
			return r;
	}
	if (found)
		return 0;
	if (!unknown_at)
		return WIRE_FAULT(&in->w, in->w.end, "%s holds no variant", u->name);
	return in_field(in, unknown, WIRE_FAULT(&in->w, unknown_at, "unknown"));
}

/* ---- documents ---- */

int protobuf_decode(const struct ovd_table *table, struct ovd_view body, struct arena *arena,
		    void *out, struct ovd_fault *fault)
{
	struct reader in = {
		.w = { .start = body.p, .p = body.p, .end = body.p + body.n, .fault = fault },
		.arena = arena,
	};

	if (table->union_)
		return read_union(&in, table->union_, out);
	memset(out, 0, table->object->size);
	return read_fields(&in, &table->object->fields, table->object->rows, out);
}

/* The first number of that field in a message that may be broken behind it. */
static int find_u64(struct wire *w, uint32_t wanted, uint64_t *ret)
{
	uint32_t number;
	unsigned type;

	while (w->p < w->end && wire_tag(w, &number, &type) == 0) {
		if (number == wanted && type == WIRE_VARINT)
			return wire_varint(w, WIRE_VARINT_MAX, ret) < 0 ? -ENOENT : 0;
		if (wire_skip(w, type) < 0)
			return -ENOENT;
	}
	return -ENOENT;
}

static uint32_t number_of_key(const struct ovd_object *o, struct ovd_view key)
{
	for (unsigned i = 0; o && i < o->fields.n; i++) {
		const struct ovd_field *f = &o->fields.items[i];

		if (!f->flat && view_eq(OVD_ROW_KEY(&o->rows[f->row]), key))
			return f->number;
	}
	return 0;
}

int protobuf_peek_u64(const struct ovd_table *table, struct ovd_view body, struct ovd_view key,
		      uint64_t *ret)
{
	struct ovd_fault fault;
	struct wire w = { .start = body.p, .p = body.p, .end = body.p + body.n, .fault = &fault };
	uint32_t number;
	unsigned type;

	while (w.p < w.end && wire_tag(&w, &number, &type) == 0) {
		const struct ovd_variant *variant = find_variant(table->union_, number);
		uint64_t n;

		if (!variant || type != WIRE_BYTES) {
			if (wire_skip(&w, type) < 0)
				break;
			continue;
		}
		if (wire_varint(&w, WIRE_SHORT_MAX, &n) < 0)
			break;
		w.end = n < (size_t)(w.end - w.p) ? w.p + n : w.end;
		return find_u64(&w, number_of_key(variant->object, key), ret);
	}
	return -ENOENT;
}
