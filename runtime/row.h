/* Values in memory, by the row that says what they are: what both codecs do with them. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "runtime/table.h"
#include "runtime/view.h"

/* Where the row's value is in the object's struct. */
static inline void *row_place(const struct ovd_row *row, void *object)
{
	return (char *)object + row->offset;
}

static inline const void *row_value(const struct ovd_row *row, const void *object)
{
	return (const char *)object + row->offset;
}

/* A row that is OPTIONAL and not TEXT has its presence there. */
static inline bool *row_presence(const struct ovd_row *row, void *object)
{
	return (bool *)((char *)object + row->has_offset);
}

/* The row is OPTIONAL and absent, or an empty list that is not written. */
static inline bool row_left_out(const struct ovd_row *row, const void *object)
{
	if (row->flags & OVD_OPTIONAL) {
		if (row->kind == OVD_KIND_TEXT)
			return !((const struct ovd_view *)row_value(row, object))->p;
		return !*(const bool *)((const char *)object + row->has_offset);
	}
	return row->flags & OVD_SKIP_EMPTY &&
	       ((const struct ovd_list *)row_value(row, object))->n == 0;
}

/* Gives a row that is DEFAULTED its fallback; a list stays as it is, empty. */
void row_set_default(const struct ovd_row *row, void *object);

/* Unsigned numbers of `width` bytes, 1, 2, 4 or 8; what is stored fits. */
static inline uint64_t uint_load(const void *at, unsigned width)
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

static inline void uint_store(void *at, unsigned width, uint64_t value)
{
	switch (width) {
	case 1:
		*(uint8_t *)at = (uint8_t)value;
		break;
	case 2:
		*(uint16_t *)at = (uint16_t)value;
		break;
	case 4:
		*(uint32_t *)at = (uint32_t)value;
		break;
	default:
		*(uint64_t *)at = value;
	}
}

/* The largest number of that width. */
static inline uint64_t uint_most(unsigned width)
{
	return UINT64_MAX >> (64 - 8 * width);
}

static inline int64_t int_most(unsigned width)
{
	return INT64_MAX >> (64 - 8 * width);
}

/* Signed numbers of 4 or 8 bytes. */
static inline int64_t int_load(const void *at, unsigned width)
{
	return width == 4 ? *(const int32_t *)at : *(const int64_t *)at;
}

/* The value of that number; NULL. */
const struct ovd_enum_value *enum_value(const struct ovd_enum *type, int64_t value);

/* The variant that the union's struct at `at` holds; NULL if its kind is none. */
static inline const struct ovd_variant *union_variant(const struct ovd_union *u, const void *at)
{
	unsigned i = *(const unsigned *)at - (unsigned)u->variants[0].value;

	return i < u->n_variants ? &u->variants[i] : NULL;
}
