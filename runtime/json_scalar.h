/* Values that are one JSON token, by the row that says what they are. */
#pragma once

#include "runtime/ip.h"
#include "runtime/json_scan.h"
#include "runtime/table.h"

/* Each reads what stands at s->p into *at; as the functions of json_scan.h. Texts are views. */
int scalar_uint(struct json_scan *s, const struct ovd_row *row, void *at);
int scalar_int(struct json_scan *s, const struct ovd_row *row, void *at);
int scalar_text(struct json_scan *s, const struct ovd_row *row, struct ovd_view *at);
int scalar_ip(struct json_scan *s, struct ovd_ip *at);
int scalar_enum(struct json_scan *s, const struct ovd_enum *type, int *at);
