/* Values that are one JSON token, by the row that says what they are. */
#pragma once

#include "runtime/ip.h"
#include "runtime/json_scan.h"
#include "runtime/table.h"

/* Each reads what stands at p into *at, and returns where it ended; NULL, and s->r, with the fault
 * if that is -EBADMSG. Texts are views. s->p is not looked at, and may move. */
const char *scalar_bool(struct json_scan *s, const char *p, bool *at);
const char *scalar_uint(struct json_scan *s, const char *p, const struct ovd_row *row, void *at);
const char *scalar_int(struct json_scan *s, const char *p, const struct ovd_row *row, void *at);
const char *scalar_ip(struct json_scan *s, const char *p, struct ovd_ip *at);
const char *scalar_enum(struct json_scan *s, const char *p, const struct ovd_enum *type, int *at);

/* A string of any length; `what` was expected there. */
static inline const char *scalar_string(struct json_scan *s, const char *p, const char *what,
					struct ovd_view *at)
{
	const char *end = scan_ascii(p, at);

	if (end)
		return end;
	s->p = p;
	return scan_end(s, scan_string_any(s, what, at));
}

static inline const char *scalar_text(struct json_scan *s, const char *p, const struct ovd_row *row,
				      struct ovd_view *at)
{
	const char *end = scalar_string(s, p, "a string", at);

	if (end && at->n > row->max_bytes)
		return scan_end(s, SCAN_FAULT(s, p, "longer than %u bytes", row->max_bytes));
	return end;
}
