#include "client/ctl/print.h"

#include <inttypes.h>
#include <string.h>
#include <time.h>

#include "client/ctl/safe.h"
#include "runtime/buf.h"
#include "runtime/ip.h"
#include "runtime/row.h"

#define COLUMNS_MAX 16

static const void *place(const struct ovd_row *row, const void *object)
{
	return (const char *)object + row->offset;
}

static bool is_absent(const struct ovd_row *row, const void *object)
{
	if (!(row->flags & OVD_OPTIONAL))
		return false;
	if (row->kind == OVD_KIND_TEXT)
		return !((const struct ovd_view *)place(row, object))->p;
	return !*(const bool *)((const char *)object + row->has_offset);
}

static uint64_t number_at(const struct ovd_row *row, const void *at)
{
	switch (row->width) {
	case 1:
		return *(const uint8_t *)at;
	case 2:
		return *(const uint16_t *)at;
	case 4:
		return row->kind == OVD_KIND_INT ? (uint64_t) * (const int32_t *)at
						 : *(const uint32_t *)at;
	default:
		return *(const uint64_t *)at;
	}
}

static bool key_ends(const struct ovd_row *row, const char *end)
{
	struct ovd_view key = OVD_ROW_KEY(row);
	size_t n = strlen(end);

	return key.n >= n && memcmp(key.p + key.n - n, end, n) == 0;
}

static bool is_time(const struct ovd_row *row)
{
	return key_ends(row, "_unix_secs") || key_ends(row, "_at_unix") ||
	       key_ends(row, "last_refresh");
}

/* ---- cells: appended to a text; what can't be for lack of memory is left out ---- */

/* "12 s ago", "in 3 h". */
static void put_age(struct buf *cell, int64_t age)
{
	static const struct {
		int64_t seconds;
		const char *unit;
	} units[] = { { 86400, "d" }, { 3600, "h" }, { 60, "min" }, { 1, "s" } };
	int64_t size = age < 0 ? -age : age;
	size_t i = 0;

	while (i + 1 < ARRAY_SIZE(units) && size < units[i].seconds * 2)
		i++;
	buf_printf(cell, age < 0 ? "in %" PRId64 " %s" : "%" PRId64 " %s ago",
		   size / units[i].seconds, units[i].unit);
}

static void put_number(struct buf *cell, const struct ovd_row *row, const void *at, long long now)
{
	uint64_t value = number_at(row, at);
	/* a time that no clock shows is printed as the number that it is */
	bool sane = value <= INT64_MAX / 2;

	if (is_time(row) && value == 0)
		buf_text(cell, "never");
	else if (is_time(row) && sane)
		put_age(cell, now - (int64_t)value);
	else
		buf_printf(cell, row->kind == OVD_KIND_INT ? "%" PRId64 : "%" PRIu64, value);
}

static const char *enum_text(const struct ovd_enum *type, int value)
{
	for (unsigned i = 0; i < type->n_values; i++)
		if (type->values[i].value == value)
			return type->values[i].name;
	return "?";
}

static const char *variant_text(const struct ovd_union *type, int kind)
{
	for (unsigned i = 0; i < type->n_variants; i++)
		if (type->variants[i].value == kind)
			return type->variants[i].name;
	return "?";
}

static void put_cell(struct buf *cell, const struct ovd_row *row, const void *object,
		     long long now);

static void put_members(struct buf *cell, const struct ovd_object *type, const void *object,
			long long now)
{
	const char *separator = "";

	for (unsigned i = 0; i < type->n_rows; i++) {
		const struct ovd_row *row = &type->rows[i];

		if (is_absent(row, object))
			continue;
		buf_printf(cell, "%s%.*s ", separator, VIEW(OVD_ROW_KEY(row)));
		put_cell(cell, row, object, now);
		separator = ", ";
	}
}

/* As on the command line: linux_pid:4711. */
static void put_variant(struct buf *cell, const struct ovd_union *type, const void *at,
			long long now)
{
	for (unsigned i = 0; i < type->n_variants; i++) {
		const struct ovd_variant *variant = &type->variants[i];

		if (variant->value != *(const int *)at || variant->object->n_rows != 1)
			continue;
		buf_text(cell, ":");
		put_cell(cell, &variant->object->rows[0], (const char *)at + variant->offset, now);
	}
}

static void put_one(struct buf *cell, const struct ovd_row *row, const void *at, long long now)
{
	char ip[IP_TEXT_MAX];

	switch ((enum ovd_kind)row->kind) {
	case OVD_KIND_BOOL:
		buf_text(cell, *(const bool *)at ? "yes" : "no");
		break;
	case OVD_KIND_UINT:
	case OVD_KIND_INT:
		put_number(cell, row, at, now);
		break;
	case OVD_KIND_TEXT:
		if (row->flags & OVD_SECRET)
			buf_text(cell, "(secret; --json shows it)");
		else
			safe_text(cell, *(const struct ovd_view *)at);
		break;
	case OVD_KIND_IP:
		buf_text(cell, ip_format(at, ip));
		break;
	case OVD_KIND_ENUM:
		buf_text(cell, enum_text(row->type, *(const int *)at));
		break;
	case OVD_KIND_OBJECT:
		put_members(cell, row->type, at, now);
		break;
	case OVD_KIND_UNION:
		buf_text(cell, variant_text(row->type, *(const int *)at));
		put_variant(cell, row->type, at, now);
		break;
	}
}

/* One list's items with commas; of objects their count. */
static void put_list(struct buf *cell, const struct ovd_row *row, const struct ovd_list *list,
		     long long now)
{
	if (row->kind == OVD_KIND_OBJECT && list->n > 0) {
		buf_printf(cell, "%zu", list->n);
		return;
	}
	for (size_t i = 0; i < list->n; i++) {
		buf_text(cell, i ? ", " : "");
		put_one(cell, row, (const char *)list->items + i * row->item_size, now);
	}
}

static void put_cell(struct buf *cell, const struct ovd_row *row, const void *object, long long now)
{
	if (is_absent(row, object))
		return;
	if (row->flags & OVD_LIST)
		put_list(cell, row, place(row, object), now);
	else
		put_one(cell, row, place(row, object), now);
}

/* The cell, in a buffer that lives until the next one; what is empty shows as a dash, so that
 * columns can be told apart. */
static struct ovd_view format_cell(struct buf *cell, const struct ovd_row *row, const void *object,
				   long long now)
{
	cell->n = 0;
	put_cell(cell, row, object, now);
	return cell->n > 0 ? buf_view(cell) : view("-");
}

static struct ovd_view heading(struct buf *cell, const struct ovd_row *row)
{
	struct ovd_view key = OVD_ROW_KEY(row);

	if (key_ends(row, "_unix_secs"))
		key.n -= strlen("_unix_secs");
	cell->n = 0;
	buf_append(cell, key.p, key.n);
	for (char *p = cell->p; p < cell->p + cell->n; p++)
		*p = *p == '_' ? ' ' : *p >= 'a' && *p <= 'z' ? (char)(*p - 32) : *p;
	return buf_view(cell);
}

/* Characters, which is columns as far as one can tell. */
static int width_of(struct ovd_view text)
{
	int n = 0;

	for (size_t i = 0; i < text.n; i++)
		n += (text.p[i] & 0xc0) != 0x80;
	return n;
}

/* ---- tables ---- */

static void print_padded(FILE *out, struct ovd_view text, int width)
{
	fprintf(out, "%.*s%*s", VIEW(text), MAX(width - width_of(text), 0), "");
}

struct table {
	const struct ovd_object *object;
	unsigned n_columns;
	int widths[COLUMNS_MAX]; /* the last one's is 0: nothing is filled up at a line's end */
};

/* A line of cells; of headings if item is NULL. */
static void print_line(FILE *out, const struct table *t, const void *item, struct buf *cell,
		       long long now)
{
	for (unsigned c = 0; c < t->n_columns; c++) {
		const struct ovd_row *row = &t->object->rows[c];

		print_padded(out, item ? format_cell(cell, row, item, now) : heading(cell, row),
			     t->widths[c]);
	}
	fputc('\n', out);
}

static void print_table(FILE *out, const struct ovd_row *list_row, const struct ovd_list *list,
			struct buf *cell, long long now)
{
	const struct ovd_object *o = list_row->type;
	struct table t = { .object = o, .n_columns = MIN(o->n_rows, COLUMNS_MAX) };

	for (unsigned c = 0; c + 1 < t.n_columns; c++) {
		t.widths[c] = width_of(heading(cell, &o->rows[c])) + 2;
		for (size_t i = 0; i < list->n; i++) {
			const char *item = (const char *)list->items + i * list_row->item_size;
			int width = width_of(format_cell(cell, &o->rows[c], item, now)) + 2;

			t.widths[c] = MAX(t.widths[c], width);
		}
	}
	fputc('\n', out);
	print_line(out, &t, NULL, cell, now);
	for (size_t i = 0; i < list->n; i++)
		print_line(out, &t, (const char *)list->items + i * list_row->item_size, cell, now);
}

static bool is_list_of_objects(const struct ovd_row *row)
{
	return row->flags & OVD_LIST && row->kind == OVD_KIND_OBJECT;
}

/* Has a line of its own, or none: an empty table does if it is all that there is to say. */
static bool is_line(const struct ovd_row *row, const void *object)
{
	if (is_list_of_objects(row))
		return !(row->flags & OVD_SKIP_EMPTY) &&
		       ((const struct ovd_list *)place(row, object))->n == 0;
	return !is_absent(row, object);
}

static void print_object(FILE *out, const struct ovd_object *o, const void *object, long long now)
{
	_cleanup_(buf_done) struct buf cell = { .p = NULL };
	int width = 0;

	for (unsigned i = 0; i < o->n_rows; i++)
		if (is_line(&o->rows[i], object))
			width = MAX(width, (int)OVD_ROW_KEY(&o->rows[i]).n);
	for (unsigned i = 0; i < o->n_rows; i++) {
		const struct ovd_row *row = &o->rows[i];

		if (!is_line(row, object))
			continue;
		print_padded(out, OVD_ROW_KEY(row), width + 2);
		fprintf(out, "%.*s\n", VIEW(format_cell(&cell, row, object, now)));
	}
	for (unsigned i = 0; i < o->n_rows; i++) {
		const struct ovd_row *row = &o->rows[i];
		const struct ovd_list *list = place(row, object);

		if (is_list_of_objects(row) && list->n > 0)
			print_table(out, row, list, &cell, now);
	}
}

void print_response(FILE *out, const struct ovd_response *response, long long now)
{
	const struct ovd_union *u = ovd_response_table.union_;

	for (unsigned i = 0; i < u->n_variants; i++) {
		const struct ovd_variant *variant = &u->variants[i];

		if (variant->value != (int)response->kind)
			continue;
		if (variant->object->n_rows == 0)
			fprintf(out, "%s\n", variant->name);
		else
			print_object(out, variant->object, (const char *)response + variant->offset,
				     now);
	}
}

void print_document(FILE *out, const struct ovd_table *table, const void *document)
{
	print_object(out, table->object, document, time(NULL));
}

void print_event(FILE *out, const struct ovd_event *event)
{
	const struct ovd_variant *variant = union_variant(ovd_event_table.union_, event);
	_cleanup_(buf_done) struct buf line = { .p = NULL };

	put_members(&line, variant->object, (const char *)event + variant->offset, 0);
	fprintf(out, "%s  %.*s\n", variant->name, VIEW(buf_view(&line)));
}

void print_text(FILE *out, struct ovd_view text)
{
	_cleanup_(buf_done) struct buf safe = { .p = NULL };

	if (safe_text(&safe, text) == 0)
		fprintf(out, "%.*s\n", VIEW(buf_view(&safe)));
}

void print_json(FILE *out, struct ovd_view json)
{
	_cleanup_(buf_done) struct buf safe = { .p = NULL };

	if (safe_json(&safe, json) == 0)
		fprintf(out, "%.*s\n", VIEW(buf_view(&safe)));
}
