/* Decimal integers, strictly. */
#pragma once

#include <stdint.h>

#include "runtime/view.h"

/* 0 to max in decimal digits: no sign, no blank, no leading zero. -EINVAL for another text, -ERANGE
 * above max. */
int u64_parse(struct ovd_view text, uint64_t max, uint64_t *ret);

#define U64_TEXT_MAX 22

/* Decimal digits and a NUL; returns how many digits. */
size_t u64_format(uint64_t value, char text[U64_TEXT_MAX]);
size_t i64_format(int64_t value, char text[U64_TEXT_MAX]);
