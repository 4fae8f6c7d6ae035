#include <errno.h>

#include "runtime/ip.h"
#include "runtime/json.h"
#include "runtime/json_word.h"
#include "runtime/number.h"
#include "runtime/row.h"

/* Room that any scalar but a text fits into. */
#define SCALAR_MAX 64

static int write_value(struct buf *b, const struct ovd_row *row, const void *at);

/* A comma, or the bracket, and a key or a tag, in a reserve that takes the zeros behind it too. */
#define PUT_LITERAL(b, before, from)                                                               \
	do {                                                                                       \
		char *out_ = (b)->p + (b)->n;                                                      \
                                                                                                   \
		*out_ = (before);                                                                  \
		memcpy(out_ + 1, (from)->literal, sizeof((from)->literal));                        \
		(b)->n += 1u + (from)->literal_len;                                                \
	} while (0)

static inline void put(struct buf *b, char c)
{
	b->p[b->n++] = c;
}

/* ---- texts ---- */

static void put_escape(struct buf *b, unsigned char c)
{
	static const char letters[32] = {
		['\b'] = 'b', ['\t'] = 't', ['\n'] = 'n', ['\f'] = 'f', ['\r'] = 'r'
	};
	static const char hex[] = "0123456789abcdef";

	put(b, '\\');
	if (c >= 0x20) {
		put(b, (char)c);
	} else if (letters[c]) {
		put(b, letters[c]);
	} else {
		memcpy(b->p + b->n, "u00", 3);
		b->n += 3;
		put(b, hex[c >> 4]);
		put(b, hex[c & 15]);
	}
}

static bool needs_escape(unsigned char c)
{
	return c < 0x20 || c == '"' || c == '\\';
}

/* The rest of a text, byte by byte. */
static int write_escaped(struct buf *b, const char *p, size_t n)
{
	if (buf_reserve(b, n * 6 + 2) < 0)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++) {
		if (needs_escape((unsigned char)p[i]))
			put_escape(b, (unsigned char)p[i]);
		else
			put(b, p[i]);
	}
	put(b, '"');
	return 0;
}

/* Copies up to the first byte that needs an escape; says how many. May write 7 bytes more. */
static inline size_t copy_plain(char *out, const char *p, size_t n)
{
	size_t i = 0, last = n - sizeof(uint64_t);

	while (n >= sizeof(uint64_t)) {
		uint64_t w = word_load(p + i), escapes = word_escapes(w);

		memcpy(out + i, &w, sizeof(w));
		if (escapes)
			return i + word_first(escapes);
		if (i == last)
			return n;
		i = MIN(i + sizeof(w), last);
	}
	for (; i < n && !needs_escape((unsigned char)p[i]); i++)
		out[i] = p[i];
	return i;
}

static int write_text(struct buf *b, struct ovd_view text)
{
	char *out;
	size_t n;

	if (buf_reserve(b, text.n + 2 + sizeof(uint64_t)) < 0)
		return -ENOMEM;
	out = b->p + b->n;
	*out++ = '"';
	n = copy_plain(out, text.p, text.n);
	b->n += 1 + n;
	if (n < text.n)
		return write_escaped(b, text.p + n, text.n - n);
	out[n] = '"';
	b->n++;
	return 0;
}

/* ---- scalars ---- */

static void write_int(struct buf *b, const struct ovd_row *row, const void *at)
{
	b->n += i64_format(int_load(at, row->width), b->p + b->n);
}

static void write_bool(struct buf *b, bool value)
{
	memcpy(b->p + b->n, value ? "true" : "false", 5);
	b->n += value ? 4 : 5;
}

static void write_ip(struct buf *b, const struct ovd_ip *ip)
{
	put(b, '"');
	b->n += ip_put(ip, b->p + b->n);
	put(b, '"');
}

static int write_enum(struct buf *b, const struct ovd_enum *type, int number)
{
	const struct ovd_enum_value *value = enum_value(type, number);

	if (!value)
		return -EINVAL;
	return write_text(b, (struct ovd_view){ .p = value->name, .n = value->name_len });
}

/* ---- objects ---- */

/* Every member with a comma before it. */
static int write_members(struct buf *b, const struct ovd_object *o, const void *object)
{
	for (unsigned i = 0; i < o->n_rows; i++) {
		const struct ovd_row *row = &o->rows[i];
		int r;

		if (row->flags & (OVD_OPTIONAL | OVD_SKIP_EMPTY) && row_left_out(row, object))
			continue;
		if (buf_reserve(b, sizeof(row->literal) + SCALAR_MAX) < 0)
			return -ENOMEM;
		PUT_LITERAL(b, ',', row);
		r = write_value(b, row, row_value(row, object));
		if (r < 0)
			return r;
	}
	return buf_reserve(b, 2);
}

static int write_object(struct buf *b, const struct ovd_object *o, const void *object)
{
	size_t start = b->n;
	int r = write_members(b, o, object);

	if (r < 0)
		return r;
	if (b->n == start)
		put(b, '{');
	else
		b->p[start] = '{'; /* in place of the first comma */
	put(b, '}');
	return 0;
}

static int write_union(struct buf *b, const struct ovd_union *u, const void *at)
{
	for (char before = '{';; before = ',') {
		const struct ovd_variant *variant = union_variant(u, at);
		int r;

		if (!variant)
			return -EINVAL;
		if (buf_reserve(b, sizeof(variant->literal) + 1) < 0)
			return -ENOMEM;
		PUT_LITERAL(b, before, variant);
		at = (const char *)at + variant->offset;
		if (variant->inner) {
			u = variant->inner;
			continue;
		}
		r = write_members(b, variant->object, at);
		if (r == 0)
			put(b, '}');
		return r;
	}
}

static int write_one(struct buf *b, const struct ovd_row *row, const void *at)
{
	switch ((enum ovd_kind)row->kind) {
	case OVD_KIND_BOOL:
		write_bool(b, *(const bool *)at);
		return 0;
	case OVD_KIND_UINT:
		b->n += u64_format(uint_load(at, row->width), b->p + b->n);
		return 0;
	case OVD_KIND_INT:
		write_int(b, row, at);
		return 0;
	case OVD_KIND_TEXT:
		return write_text(b, *(const struct ovd_view *)at);
	case OVD_KIND_IP:
		write_ip(b, at);
		return 0;
	case OVD_KIND_ENUM:
		return write_enum(b, row->type, *(const int *)at);
	case OVD_KIND_OBJECT:
		return write_object(b, row->type, at);
	case OVD_KIND_UNION:
		return write_union(b, row->type, at);
	}
	return -EINVAL;
}

static int write_list(struct buf *b, const struct ovd_row *row, const struct ovd_list *list)
{
	put(b, '[');
	for (size_t i = 0; i < list->n; i++) {
		int r;

		if (buf_reserve(b, SCALAR_MAX) < 0)
			return -ENOMEM;
		if (i > 0)
			put(b, ',');
		r = write_one(b, row, (const char *)list->items + i * row->item_size);
		if (r < 0)
			return r;
	}
	if (buf_reserve(b, 1) < 0)
		return -ENOMEM;
	put(b, ']');
	return 0;
}

static int write_value(struct buf *b, const struct ovd_row *row, const void *at)
{
	return row->flags & OVD_LIST ? write_list(b, row, at) : write_one(b, row, at);
}

int json_encode(const struct ovd_table *table, const void *in, struct buf *out)
{
	size_t start = out->n;
	int r = table->union_ ? write_union(out, table->union_, in)
			      : write_object(out, table->object, in);

	if (r < 0)
		out->n = start;
	return r;
}
