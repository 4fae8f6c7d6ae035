#include "runtime/row.h"

bool row_left_out(const struct ovd_row *row, const void *object)
{
	if (row->flags & OVD_OPTIONAL) {
		if (row->kind == OVD_KIND_TEXT)
			return !((const struct ovd_view *)row_value(row, object))->p;
		return !*(const bool *)((const char *)object + row->has_offset);
	}
	return row->flags & OVD_SKIP_EMPTY &&
	       ((const struct ovd_list *)row_value(row, object))->n == 0;
}

void row_set_default(const struct ovd_row *row, void *object)
{
	void *at = row_place(row, object);

	if (row->flags & OVD_LIST)
		return;
	if (row->kind == OVD_KIND_TEXT)
		*(struct ovd_view *)at = (struct ovd_view){ .p = "", .n = 0 };
	else if (row->kind == OVD_KIND_UNION)
		*(int *)at = (int)row->fallback;
	else
		uint_store(at, row->width, row->fallback);
}

const struct ovd_enum_value *enum_value(const struct ovd_enum *type, int64_t value)
{
	for (unsigned i = 0; i < type->n_values; i++)
		if (type->values[i].value == value)
			return &type->values[i];
	return NULL;
}
