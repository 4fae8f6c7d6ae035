#include "runtime/row.h"

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
