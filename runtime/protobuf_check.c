#include <errno.h>
#include <stdio.h>

#include "runtime/ip.h"
#include "runtime/json_word.h"
#include "runtime/protobuf.h"
#include "runtime/protobuf_wire.h"
#include "runtime/row.h"
#include "runtime/utf8.h"

#define FIELDS_MAX 64

/* What is checked of the message that the reader is in. */
struct progress {
	uint64_t seen;               /* bit i: its field i was there */
	uint32_t counts[FIELDS_MAX]; /* of the items of lists */
};

struct checker {
	struct wire w;
	unsigned n_unknown;
};

static int check_fields(struct checker *c, const struct ovd_fields *fields,
			const struct ovd_row *rows);
static int check_union(struct checker *c, const struct ovd_union *u);

/* Puts a field's number before the fault's path. */
static int in_field(struct checker *c, uint32_t number, int r)
{
	char text[16];

	if (r == -EBADMSG) {
		snprintf(text, sizeof(text), "%u", number);
		fault_in_key(c->w.fault, view(text));
	}
	return r;
}

static int skip_unknown(struct checker *c, uint32_t number, unsigned type)
{
	if (++c->n_unknown > PROTOBUF_UNKNOWN_MAX)
		return WIRE_FAULT(&c->w, c->w.p, "more than %d unknown fields",
				  PROTOBUF_UNKNOWN_MAX);
	return in_field(c, number, wire_skip(&c->w, type));
}

/* ---- values ---- */

static int check_utf8(struct checker *c, const char *p, const char *end)
{
	while (p < end) {
		int n;

		if (end - p >= 8 && !((word_load(p) & WORD_HIGHS) | word_zero(word_load(p)))) {
			p += 8;
			continue;
		}
		if (*p == '\0')
			return WIRE_FAULT(&c->w, p, "a string must not hold a NUL");
		n = utf8_length((const unsigned char *)p);
		if (n == 0 || n > end - p)
			return WIRE_FAULT(&c->w, p, "a string is not UTF-8");
		p += n;
	}
	return 0;
}

static int check_text(struct checker *c, const struct ovd_row *row)
{
	const char *from = c->w.p;
	size_t n;
	int r = wire_length(&c->w, &n);

	if (r < 0)
		return r;
	if (n > row->max_bytes)
		return WIRE_FAULT(&c->w, from, "longer than %u bytes", row->max_bytes);
	c->w.p += n;
	return check_utf8(c, c->w.p - n, c->w.p);
}

static int check_ip(struct checker *c)
{
	struct ovd_ip ip;
	size_t n;
	int r = wire_length(&c->w, &n);

	if (r < 0)
		return r;
	if (ip_parse((struct ovd_view){ .p = c->w.p, .n = n }, &ip) < 0)
		return WIRE_FAULT(&c->w, c->w.p, "not an IP address");
	c->w.p += n;
	return 0;
}

static int check_number(struct checker *c, const struct ovd_row *row)
{
	int64_t most = int_most(row->width);
	const char *from = c->w.p;
	uint64_t value;
	int r = wire_varint(&c->w, WIRE_VARINT_MAX, &value);

	if (r < 0)
		return r;
	if (row->kind == OVD_KIND_BOOL && value > 1)
		return WIRE_FAULT(&c->w, from, "expected 0 or 1");
	if (row->kind == OVD_KIND_UINT && value > uint_most(row->width))
		return WIRE_FAULT(&c->w, from, "expected an integer from 0 to %llu",
				  (unsigned long long)uint_most(row->width));
	if (row->kind == OVD_KIND_INT && ((int64_t)value > most || (int64_t)value < -most - 1))
		return WIRE_FAULT(&c->w, from, "expected an integer from %lld to %lld",
				  (long long)-most - 1, (long long)most);
	if (row->kind == OVD_KIND_ENUM && !enum_value(row->type, (int64_t)value))
		return WIRE_FAULT(&c->w, from, "not one of the values of %s",
				  ((const struct ovd_enum *)row->type)->name);
	return 0;
}

/* A message inside the one that the reader is in: of a union, or of these fields. */
static int check_inner(struct checker *c, const struct ovd_union *u,
		       const struct ovd_fields *fields, const struct ovd_row *rows)
{
	const char *end = c->w.end;
	size_t n;
	int r = wire_length(&c->w, &n);

	if (r < 0)
		return r;
	c->w.end = c->w.p + n;
	r = u ? check_union(c, u) : check_fields(c, fields, rows);
	c->w.end = end;
	return r;
}

static int check_object(struct checker *c, const struct ovd_object *o)
{
	return check_inner(c, NULL, &o->fields, o->rows);
}

static int check_value(struct checker *c, const struct ovd_row *row)
{
	switch ((enum ovd_kind)row->kind) {
	case OVD_KIND_BOOL:
	case OVD_KIND_UINT:
	case OVD_KIND_INT:
	case OVD_KIND_ENUM:
		return check_number(c, row);
	case OVD_KIND_TEXT:
		return check_text(c, row);
	case OVD_KIND_IP:
		return check_ip(c);
	case OVD_KIND_OBJECT:
		return check_object(c, row->type);
	case OVD_KIND_UNION:
		return check_inner(c, row->type, NULL, NULL);
	}
	return -EINVAL;
}

/* ---- fields ---- */

static bool is_number(const struct ovd_row *row)
{
	return row->kind == OVD_KIND_BOOL || row->kind == OVD_KIND_UINT ||
	       row->kind == OVD_KIND_INT || row->kind == OVD_KIND_ENUM;
}

static int wrong_type(struct checker *c, const char *at, unsigned type, unsigned wanted)
{
	return WIRE_FAULT(&c->w, at, "wire type %u where %u is expected", type, wanted);
}

static int check_item(struct checker *c, const struct ovd_row *row, uint32_t *count)
{
	int r;

	if (*count >= row->max_items)
		r = WIRE_FAULT(&c->w, c->w.p, "more than %u items", row->max_items);
	else
		r = check_value(c, row);
	if (r == -EBADMSG)
		fault_in_item(c->w.fault, *count);
	++*count;
	return r;
}

/* Numbers of a list in one piece, which any writer may send. */
static int check_packed(struct checker *c, const struct ovd_row *row, uint32_t *count)
{
	const char *end = c->w.end;
	size_t n;
	int r = wire_length(&c->w, &n);

	if (r < 0)
		return r;
	c->w.end = c->w.p + n;
	while (r == 0 && c->w.p < c->w.end)
		r = check_item(c, row, count);
	c->w.end = end;
	return r;
}

static int check_row(struct checker *c, const struct ovd_row *row, const char *at, unsigned type,
		     uint32_t *count)
{
	unsigned wanted = is_number(row) ? WIRE_VARINT : WIRE_BYTES;

	if (type == WIRE_BYTES && is_number(row) && row->flags & OVD_LIST)
		return check_packed(c, row, count);
	if (type != wanted)
		return wrong_type(c, at, type, wanted);
	return row->flags & OVD_LIST ? check_item(c, row, count) : check_value(c, row);
}

/* Field i, whose tag began at `at`. */
static int check_field(struct checker *c, const struct ovd_fields *fields,
		       const struct ovd_row *rows, unsigned i, const char *at, unsigned type,
		       struct progress *progress)
{
	const struct ovd_field *f = &fields->items[i];
	bool seen = progress->seen >> i & 1;

	progress->seen |= UINT64_C(1) << i;
	if (seen && (f->flat || !(rows[f->row].flags & OVD_LIST)))
		return WIRE_FAULT(&c->w, at, "the field stands twice");
	if (!f->flat)
		return check_row(c, &rows[f->row], at, type, &progress->counts[i]);
	if (type != WIRE_BYTES)
		return wrong_type(c, at, type, WIRE_BYTES);
	return check_inner(c, NULL, f->flat, rows);
}

/* Protobuf can't tell a list that is missing from an empty one; a flattened message is required. */
static bool is_required(const struct ovd_field *f, const struct ovd_row *rows)
{
	return f->flat || (rows[f->row].flags & (OVD_REQUIRED | OVD_LIST)) == OVD_REQUIRED;
}

static int check_required(struct checker *c, const struct ovd_fields *fields,
			  const struct ovd_row *rows, uint64_t seen)
{
	for (unsigned i = 0; i < fields->n; i++)
		if (!(seen >> i & 1) && is_required(&fields->items[i], rows))
			return in_field(c, fields->items[i].number,
					WIRE_FAULT(&c->w, c->w.end, "the field is missing"));
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

/* A message up to its end. */
static int check_fields(struct checker *c, const struct ovd_fields *fields,
			const struct ovd_row *rows)
{
	struct progress progress;
	unsigned next = 0, type;
	uint32_t number;

	progress.seen = 0;
	memset(progress.counts, 0, fields->n * sizeof(progress.counts[0]));
	while (c->w.p < c->w.end) {
		const char *at = c->w.p;
		int r = wire_tag(&c->w, &number, &type);
		unsigned i;

		if (r < 0)
			return r;
		i = find_field(fields, next, number);
		if (i < fields->n) {
			r = check_field(c, fields, rows, i, at, type, &progress);
			r = in_field(c, number, r);
			next = i + 1;
		} else {
			r = skip_unknown(c, number, type);
		}
		if (r < 0)
			return r;
	}
	return check_required(c, fields, rows, progress.seen);
}

/* ---- unions ---- */

static int check_variant(struct checker *c, const struct ovd_variant *variant, const char *at,
			 unsigned type)
{
	if (type != WIRE_BYTES)
		return wrong_type(c, at, type, WIRE_BYTES);
	if (variant->inner)
		return check_inner(c, variant->inner, NULL, NULL);
	return check_object(c, variant->object);
}

static const struct ovd_variant *find_variant(const struct ovd_union *u, uint32_t number)
{
	for (unsigned i = 0; i < u->n_variants; i++)
		if (u->variants[i].number == number)
			return &u->variants[i];
	return NULL;
}

static int check_union(struct checker *c, const struct ovd_union *u)
{
	const struct ovd_variant *found = NULL;
	const char *unknown_at = NULL;
	uint32_t number, unknown = 0;
	unsigned type;

	while (c->w.p < c->w.end) {
		const struct ovd_variant *variant;
		const char *at = c->w.p;
		int r = wire_tag(&c->w, &number, &type);

		if (r < 0)
			return r;
		variant = find_variant(u, number);
		if (!variant) {
			unknown = number;
			unknown_at = at;
			r = skip_unknown(c, number, type);
		} else if (found) {
			r = in_field(c, number, WIRE_FAULT(&c->w, at, "a second variant"));
		} else {
			found = variant;
			r = in_field(c, number, check_variant(c, variant, at, type));
		}
		if (r < 0)
			return r;
	}
	if (found)
		return 0;
	if (!unknown_at)
		return WIRE_FAULT(&c->w, c->w.end, "%s holds no variant", u->name);
	return in_field(c, unknown, WIRE_FAULT(&c->w, unknown_at, "unknown"));
}

/* ---- documents ---- */

int protobuf_check(const struct ovd_table *table, struct ovd_view body, struct ovd_fault *fault)
{
	struct checker c = {
		.w = { .start = body.p, .p = body.p, .end = body.p + body.n, .fault = fault },
	};

	return table->union_ ? check_union(&c, table->union_)
			     : check_fields(&c, &table->object->fields, table->object->rows);
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
