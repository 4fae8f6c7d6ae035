#include "runtime/json_scalar.h"

#include "runtime/row.h"

const char *scalar_bool(struct json_scan *s, const char *p, bool *at)
{
	s->p = p;
	return scan_end(s, scan_bool(s, at));
}

const char *scalar_uint(struct json_scan *s, const char *p, const struct ovd_row *row, void *at)
{
	uint64_t most = uint_most(row->width), value;
	const char *end = scan_digits(p, &value);

	if (end && value <= most) {
		uint_store(at, row->width, value);
		return end;
	}
	s->p = p;
	return scan_end(s, scan_uint(s, most, &value));
}

const char *scalar_int(struct json_scan *s, const char *p, const struct ovd_row *row, void *at)
{
	int64_t most = int_most(row->width), value;
	uint64_t positive;
	const char *end = scan_digits(p, &positive);
	int r;

	if (end && positive <= (uint64_t)most) {
		uint_store(at, row->width, positive);
		return end;
	}
	s->p = p;
	r = scan_int(s, -most - 1, most, &value);
	if (r == 0)
		uint_store(at, row->width, (uint64_t)value);
	return scan_end(s, r);
}

const char *scalar_ip(struct json_scan *s, const char *p, struct ovd_ip *at)
{
	struct ovd_view text;
	const char *end = scalar_string(s, p, "an IP address in a string", &text);

	if (end && ip_parse(text, at) < 0)
		return scan_end(s, SCAN_FAULT(s, p, "not an IP address"));
	return end;
}

const char *scalar_enum(struct json_scan *s, const char *p, const struct ovd_enum *type, int *at)
{
	struct ovd_view text;
	const char *end = scalar_string(s, p, "a name in a string", &text);

	if (!end)
		return NULL;
	for (unsigned i = 0; i < type->n_values; i++)
		if (text.n == type->values[i].name_len &&
		    memcmp(text.p, type->values[i].name, text.n) == 0) {
			*at = type->values[i].value;
			return end;
		}
	return scan_end(s, SCAN_FAULT(s, p, "not one of the values of %s", type->name));
}
