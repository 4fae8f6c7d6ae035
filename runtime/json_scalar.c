#include "runtime/json_scalar.h"

#include "runtime/ip.h"
#include "runtime/row.h"

int scalar_uint(struct json_scan *s, const struct ovd_row *row, void *at)
{
	uint64_t value;
	int r = scan_uint(s, uint_most(row->width), &value);

	if (r == 0)
		uint_store(at, row->width, value);
	return r;
}

int scalar_int(struct json_scan *s, const struct ovd_row *row, void *at)
{
	int64_t most = int_most(row->width), value;
	int r = scan_int(s, -most - 1, most, &value);

	if (r == 0)
		uint_store(at, row->width, (uint64_t)value);
	return r;
}

int scalar_text(struct json_scan *s, const struct ovd_row *row, struct ovd_view *at)
{
	const char *from = s->p;
	int r = scan_string(s, "a string", at);

	if (r == 0 && at->n > row->max_bytes)
		return SCAN_FAULT(s, from, "longer than %u bytes", row->max_bytes);
	return r;
}

int scalar_ip(struct json_scan *s, struct ovd_ip *at)
{
	const char *from = s->p;
	struct ovd_view text;
	int r = scan_string(s, "an IP address in a string", &text);

	if (r == 0 && ip_parse(text, at) < 0)
		return SCAN_FAULT(s, from, "not an IP address");
	return r;
}

int scalar_enum(struct json_scan *s, const struct ovd_enum *type, int *at)
{
	const char *from = s->p;
	struct ovd_view text;
	int r = scan_string(s, "a name in a string", &text);

	for (unsigned i = 0; r == 0 && i < type->n_values; i++)
		if (text.n == type->values[i].name_len &&
		    memcmp(text.p, type->values[i].name, text.n) == 0) {
			*at = type->values[i].value;
			return 0;
		}
	return r < 0 ? r : SCAN_FAULT(s, from, "not one of the values of %s", type->name);
}
