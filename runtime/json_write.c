#include <errno.h>

#include "runtime/ip.h"
#include "runtime/json.h"
#include "runtime/json_word.h"
#include "runtime/number.h"
#include "runtime/row.h"

/* Room that any scalar but a text fits into, with a comma. */
#define SCALAR_MAX 64

/* Every function here writes at `out` and returns where it ended: NULL, and r, if it failed. */
struct writer {
	struct buf *buf;
	const char *end; /* of the buffer's room */
	int r;
};

static char *write_value(struct writer *w, char *out, const struct ovd_row *row, const void *at);

static _cold_ char *fail(struct writer *w, int r)
{
	w->r = r;
	return NULL;
}

static _cold_ char *grow(struct writer *w, char *out, size_t n)
{
	struct buf *b = w->buf;

	b->n = (size_t)(out - b->p);
	if (buf_grow(b, n) < 0)
		return fail(w, -ENOMEM);
	w->end = b->p + b->cap;
	return b->p + b->n;
}

/* Room for n bytes; moves out. */
static inline char *room(struct writer *w, char *out, size_t n)
{
	return (size_t)(w->end - out) >= n ? out : grow(w, out, n);
}

/* A comma, or the bracket, and the literal of a row or a variant, in room that takes the zeros
 * behind it too. */
#define PUT_LITERAL(out, before, from)                                                             \
	(*(out) = (before), memcpy((out) + 1, (from)->literal, sizeof((from)->literal)),           \
	 (out) + 1 + (from)->literal_len)

/* ---- texts ---- */

static char *put_escape(char *out, unsigned char c)
{
	static const char letters[32] = {
		['\b'] = 'b', ['\t'] = 't', ['\n'] = 'n', ['\f'] = 'f', ['\r'] = 'r'
	};
	static const char hex[] = "0123456789abcdef";

	*out++ = '\\';
	if (c >= 0x20) {
		*out++ = (char)c;
	} else if (letters[c]) {
		*out++ = letters[c];
	} else {
		memcpy(out, "u00", 3);
		out[3] = hex[c >> 4];
		out[4] = hex[c & 15];
		out += 5;
	}
	return out;
}

static bool needs_escape(unsigned char c)
{
	return c < 0x20 || c == '"' || c == '\\';
}

/* The rest of a text, byte by byte. */
static _cold_ char *write_escaped(struct writer *w, char *out, const char *p, size_t n)
{
	out = room(w, out, n * 6 + 1);
	for (size_t i = 0; out && i < n; i++) {
		if (needs_escape((unsigned char)p[i]))
			out = put_escape(out, (unsigned char)p[i]);
		else
			*out++ = p[i];
	}
	if (out)
		*out++ = '"';
	return out;
}

/* Fewer than 16 bytes. Apart, as it saves registers that copying a long text needs none of. */
static __attribute__((noinline)) size_t copy_short(char *out, const char *p, size_t n)
{
	uint64_t head, tail, escapes;

	if (n < sizeof(head)) {
		head = word_part(p, n);
		escapes = word_escapes(head) & word_low(n);
		memcpy(out, &head, sizeof(head));
		return escapes ? word_first(escapes) : n;
	}
	head = word_load(p);
	tail = word_load(p + n - sizeof(tail));
	memcpy(out, &head, sizeof(head));
	memcpy(out + n - sizeof(tail), &tail, sizeof(tail));
	escapes = word_escapes(head);
	if (escapes)
		return word_first(escapes);
	escapes = word_escapes(tail);
	return escapes ? n - sizeof(tail) + word_first(escapes) : n;
}

/* Copies up to the first byte that needs an escape; says how many. May write 8 bytes more. */
static inline size_t copy_plain(char *out, const char *p, size_t n)
{
	size_t i = 0, last = n - BLOCK_SIZE;

	if (n < BLOCK_SIZE)
		return copy_short(out, p, n);
	for (;; i = MIN(i + BLOCK_SIZE, last)) {
		uint64_t escapes = block_escapes(p + i);

		memcpy(out + i, p + i, BLOCK_SIZE);
		if (escapes)
			return i + block_first(escapes);
		if (i == last)
			return n;
	}
}

static inline char *write_text(struct writer *w, char *out, struct ovd_view text)
{
	size_t n;

	out = room(w, out, text.n + 2 + BLOCK_SIZE);
	if (!out)
		return NULL;
	*out++ = '"';
	n = copy_plain(out, text.p, text.n);
	out += n;
	if (n < text.n)
		return write_escaped(w, out, text.p + n, text.n - n);
	*out++ = '"';
	return out;
}

/* ---- scalars ---- */

static char *put_bool(char *out, bool value)
{
	memcpy(out, value ? "true" : "false", 5);
	return out + (value ? 4 : 5);
}

static char *put_ip(char *out, const struct ovd_ip *ip)
{
	*out++ = '"';
	out += ip_put(ip, out);
	*out++ = '"';
	return out;
}

static char *write_enum(struct writer *w, char *out, const struct ovd_enum *type, int number)
{
	const struct ovd_enum_value *value = enum_value(type, number);

	if (!value)
		return fail(w, -EINVAL);
	return write_text(w, out, (struct ovd_view){ .p = value->name, .n = value->name_len });
}

/* ---- objects ---- */

/* The members and the closing bracket; `before` stands before the first member, or is the opening
 * bracket. */
static char *write_members(struct writer *w, char *out, char before, const struct ovd_object *o,
			   const void *object)
{
	const struct ovd_row *row = o->rows;

	for (unsigned left = o->n_rows; left > 0; left--, row++) {
		if (row->flags & (OVD_OPTIONAL | OVD_SKIP_EMPTY) && row_left_out(row, object))
			continue;
		out = room(w, out, sizeof(row->literal) + SCALAR_MAX);
		if (!out)
			return NULL;
		out = PUT_LITERAL(out, before, row);
		out = row->kind == OVD_KIND_TEXT && !(row->flags & OVD_LIST)
			      ? write_text(w, out, *(const struct ovd_view *)row_value(row, object))
			      : write_value(w, out, row, row_value(row, object));
		if (!out)
			return NULL;
		before = ',';
	}
	out = room(w, out, 2);
	if (!out)
		return NULL;
	if (before == '{')
		*out++ = '{';
	*out++ = '}';
	return out;
}

static char *write_union(struct writer *w, char *out, const struct ovd_union *u, const void *at)
{
	for (char before = '{';; before = ',') {
		const struct ovd_variant *variant = union_variant(u, at);

		if (!variant)
			return fail(w, -EINVAL);
		out = room(w, out, sizeof(variant->literal) + 1);
		if (!out)
			return NULL;
		out = PUT_LITERAL(out, before, variant);
		at = (const char *)at + variant->offset;
		if (!variant->inner)
			return write_members(w, out, ',', variant->object, at);
		u = variant->inner;
	}
}

static char *write_one(struct writer *w, char *out, const struct ovd_row *row, const void *at)
{
	switch ((enum ovd_kind)row->kind) {
	case OVD_KIND_BOOL:
		return put_bool(out, *(const bool *)at);
	case OVD_KIND_UINT:
		return out + u64_format(uint_load(at, row->width), out);
	case OVD_KIND_INT:
		return out + i64_format(int_load(at, row->width), out);
	case OVD_KIND_TEXT:
		return write_text(w, out, *(const struct ovd_view *)at);
	case OVD_KIND_IP:
		return put_ip(out, at);
	case OVD_KIND_ENUM:
		return write_enum(w, out, row->type, *(const int *)at);
	case OVD_KIND_OBJECT:
		return write_members(w, out, '{', row->type, at);
	case OVD_KIND_UNION:
		return write_union(w, out, row->type, at);
	}
	return fail(w, -EINVAL);
}

static char *write_list(struct writer *w, char *out, const struct ovd_row *row,
			const struct ovd_list *list)
{
	const char *item = list->items;

	*out++ = '[';
	for (size_t i = 0; out && i < list->n; i++, item += row->item_size) {
		out = room(w, out, SCALAR_MAX);
		if (!out)
			return NULL;
		if (i > 0)
			*out++ = ',';
		out = write_one(w, out, row, item);
	}
	if (out)
		out = room(w, out, 1);
	if (out)
		*out++ = ']';
	return out;
}

static char *write_value(struct writer *w, char *out, const struct ovd_row *row, const void *at)
{
	return row->flags & OVD_LIST ? write_list(w, out, row, at) : write_one(w, out, row, at);
}

int json_encode(const struct ovd_table *table, const void *in, struct buf *b)
{
	struct writer w = { .buf = b };
	size_t start = b->n;
	char *out;

	if (buf_reserve(b, SCALAR_MAX) < 0)
		return -ENOMEM;
	w.end = b->p + b->cap;
	out = b->p + start;
	out = table->union_ ? write_union(&w, out, table->union_, in)
			    : write_members(&w, out, '{', table->object, in);
	b->n = out ? (size_t)(out - b->p) : start;
	return out ? 0 : w.r;
}
