/* GUIDs: text, and the bytes that Windows puts into its structures. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "runtime/view.h"

/* The layout of the Windows SDK's GUID: the first three in the machine's order, the rest as bytes
 * in the order of the text. */
struct guid {
	uint32_t data1;
	uint16_t data2;
	uint16_t data3;
	uint8_t data4[8];
};

#define GUID_BYTES    16
#define GUID_TEXT_MAX 37 /* 8-4-4-4-12 hexadecimal digits and a NUL */

_Static_assert(sizeof(struct guid) == GUID_BYTES && _Alignof(struct guid) == 4, "SDK's GUID");

#define GUID_ZERO ((struct guid){ 0 })

/* 8-4-4-4-12 hexadecimal digits of either case, without braces; -EINVAL for all else. */
int guid_parse(struct ovd_view text, struct guid *ret);

/* In lower case. Returns text. */
char *guid_format(const struct guid *guid, char text[GUID_TEXT_MAX]);

/* The bytes as they are in memory on x86: the first three little-endian. */
void guid_to_bytes(const struct guid *guid, uint8_t bytes[GUID_BYTES]);
void guid_from_bytes(const uint8_t bytes[GUID_BYTES], struct guid *ret);

bool guid_same(const struct guid *a, const struct guid *b);
