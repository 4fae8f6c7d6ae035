#include "client/ctl/print.h"

#include <inttypes.h>
#include <string.h>

#include "runtime/ip.h"

#define CELL_MAX    512
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

static uint64_t number_at(const void *at, unsigned width)
{
	switch (width) {
	case 1:
		return *(const uint8_t *)at;
	case 2:
		return *(const uint16_t *)at;
	case 4:
		return *(const uint32_t *)at;
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

/* "12 s ago", "in 3 h". */
static void format_time(char cell[CELL_MAX], int64_t then, long long now)
{
	static const struct {
		long long seconds;
		const char *unit;
	} units[] = { { 86400, "d" }, { 3600, "h" }, { 60, "min" }, { 1, "s" } };
	long long age = now - then, size = age < 0 ? -age : age;
	size_t i = 0;

	while (i + 1 < ARRAY_SIZE(units) && size < units[i].seconds * 2)
		i++;
	snprintf(cell, CELL_MAX, age < 0 ? "in %lld %s" : "%lld %s ago", size / units[i].seconds,
		 units[i].unit);
}

static void format_number(char cell[CELL_MAX], const struct ovd_row *row, const void *at,
			  long long now)
{
	uint64_t value = number_at(at, row->width);

	if (!key_ends(row, "_unix_secs") && !key_ends(row, "_at_unix") &&
	    !key_ends(row, "last_refresh"))
		snprintf(cell, CELL_MAX, row->kind == OVD_KIND_INT ? "%" PRId64 : "%" PRIu64,
			 value);
	else if (value == 0)
		snprintf(cell, CELL_MAX, "never");
	else
		format_time(cell, (int64_t)value, now);
}

static const char *enum_text(const struct ovd_enum *type, int value)
{
	for (unsigned i = 0; i < type->n_values; i++)
		if (type->values[i].value == value)
			return type->values[i].name;
	return "?";
}

/* What comes from elsewhere must not steer a terminal. */
static void format_text(char cell[CELL_MAX], struct ovd_view text)
{
	snprintf(cell, CELL_MAX, "%.*s", VIEW(text));
	for (char *p = cell; *p; p++)
		if ((unsigned char)*p < ' ' || *p == 0x7f)
			*p = '?';
}

static void format_one(char cell[CELL_MAX], const struct ovd_row *row, const void *at,
		       long long now)
{
	cell[0] = '\0';
	switch ((enum ovd_kind)row->kind) {
	case OVD_KIND_BOOL:
		snprintf(cell, CELL_MAX, "%s", *(const bool *)at ? "yes" : "no");
		break;
	case OVD_KIND_UINT:
	case OVD_KIND_INT:
		format_number(cell, row, at, now);
		break;
	case OVD_KIND_TEXT:
		format_text(cell, *(const struct ovd_view *)at);
		break;
	case OVD_KIND_IP: {
		char text[IP_TEXT_MAX];

		snprintf(cell, CELL_MAX, "%s", ip_format(at, text));
		break;
	}
	case OVD_KIND_ENUM:
		snprintf(cell, CELL_MAX, "%s", enum_text(row->type, *(const int *)at));
		break;
	case OVD_KIND_OBJECT:
	case OVD_KIND_UNION:
		snprintf(cell, CELL_MAX, "...");
		break;
	}
}

static void format_cell(char cell[CELL_MAX], const struct ovd_row *row, const void *object,
			long long now)
{
	const struct ovd_list *list = place(row, object);
	size_t used = 0;

	cell[0] = '\0';
	if (is_absent(row, object))
		return;
	if (!(row->flags & OVD_LIST)) {
		format_one(cell, row, list, now);
		return;
	}
	for (size_t i = 0; i < list->n && used + 3 < CELL_MAX; i++) {
		char item[CELL_MAX];

		format_one(item, row, (const char *)list->items + i * row->item_size, now);
		used += (size_t)snprintf(cell + used, CELL_MAX - used, "%s%s", i ? ", " : "", item);
	}
}

/* ---- tables ---- */

static int key_width(const struct ovd_row *row)
{
	return (int)OVD_ROW_KEY(row).n;
}

static void print_heading(FILE *out, const struct ovd_row *row, int width)
{
	struct ovd_view key = OVD_ROW_KEY(row);

	if (key_ends(row, "_unix_secs"))
		key.n -= strlen("_unix_secs");
	for (int i = 0; i < width + 2; i++) {
		char c = i < (int)key.n ? key.p[i] : ' ';

		fputc(c == '_' ? ' ' : c >= 'a' && c <= 'z' ? c - 32 : c, out);
	}
}

static void print_table(FILE *out, const struct ovd_row *list_row, const struct ovd_list *list,
			long long now)
{
	const struct ovd_object *o = list_row->type;
	unsigned n = MIN(o->n_rows, COLUMNS_MAX);
	int widths[COLUMNS_MAX];
	char cell[CELL_MAX];

	for (unsigned c = 0; c < n; c++) {
		widths[c] = key_width(&o->rows[c]) - (key_ends(&o->rows[c], "_unix_secs") ? 10 : 0);
		for (size_t i = 0; i < list->n; i++) {
			format_cell(cell, &o->rows[c],
				    (const char *)list->items + i * list_row->item_size, now);
			widths[c] = MAX(widths[c], (int)strlen(cell));
		}
	}
	fputc('\n', out);
	for (unsigned c = 0; c < n; c++)
		print_heading(out, &o->rows[c], c + 1 < n ? widths[c] : key_width(&o->rows[c]) - 2);
	fputc('\n', out);
	for (size_t i = 0; i < list->n; i++) {
		for (unsigned c = 0; c < n; c++) {
			format_cell(cell, &o->rows[c],
				    (const char *)list->items + i * list_row->item_size, now);
			fprintf(out, "%-*s", c + 1 < n ? widths[c] + 2 : 0, cell);
		}
		fputc('\n', out);
	}
}

static bool is_table(const struct ovd_row *row)
{
	return row->flags & OVD_LIST && row->kind == OVD_KIND_OBJECT;
}

static void print_object(FILE *out, const struct ovd_object *o, const void *object, long long now)
{
	char cell[CELL_MAX];
	int width = 0;

	for (unsigned i = 0; i < o->n_rows; i++)
		if (!is_table(&o->rows[i]) && !is_absent(&o->rows[i], object))
			width = MAX(width, key_width(&o->rows[i]));
	for (unsigned i = 0; i < o->n_rows; i++) {
		const struct ovd_row *row = &o->rows[i];

		if (is_table(row) || is_absent(row, object))
			continue;
		format_cell(cell, row, object, now);
		fprintf(out, "%-*.*s  %s\n", width, VIEW(OVD_ROW_KEY(row)), cell);
	}
	for (unsigned i = 0; i < o->n_rows; i++) {
		const struct ovd_row *row = &o->rows[i];

		if (is_table(row) && ((const struct ovd_list *)place(row, object))->n > 0)
			print_table(out, row, place(row, object), now);
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
