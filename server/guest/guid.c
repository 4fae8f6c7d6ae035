#include "server/guest/guid.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static int digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

int guid_parse(struct ovd_view text, struct guid *ret)
{
	uint8_t bytes[GUID_BYTES];
	size_t n = 0;

	if (text.n != GUID_TEXT_MAX - 1)
		return -EINVAL;
	for (size_t i = 0; i < text.n;) {
		if (i == 8 || i == 13 || i == 18 || i == 23) {
			if (text.p[i++] != '-')
				return -EINVAL;
		} else {
			int high = digit(text.p[i]), low = digit(text.p[i + 1]);

			if (high < 0 || low < 0)
				return -EINVAL;
			bytes[n++] = (uint8_t)(high << 4 | low);
			i += 2;
		}
	}
	ret->data1 = (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 |
		     bytes[3];
	ret->data2 = (uint16_t)(bytes[4] << 8 | bytes[5]);
	ret->data3 = (uint16_t)(bytes[6] << 8 | bytes[7]);
	memcpy(ret->data4, bytes + 8, 8);
	return 0;
}

char *guid_format(const struct guid *g, char text[GUID_TEXT_MAX])
{
	snprintf(text, GUID_TEXT_MAX, "%08x-%04x-%04x-%02x%02x-%02x%02x%02x%02x%02x%02x",
		 (unsigned)g->data1, g->data2, g->data3, g->data4[0], g->data4[1], g->data4[2],
		 g->data4[3], g->data4[4], g->data4[5], g->data4[6], g->data4[7]);
	return text;
}

void guid_to_bytes(const struct guid *g, uint8_t bytes[GUID_BYTES])
{
	for (int i = 0; i < 4; i++)
		bytes[i] = (uint8_t)(g->data1 >> 8 * i);
	for (int i = 0; i < 2; i++) {
		bytes[4 + i] = (uint8_t)(g->data2 >> 8 * i);
		bytes[6 + i] = (uint8_t)(g->data3 >> 8 * i);
	}
	memcpy(bytes + 8, g->data4, 8);
}

void guid_from_bytes(const uint8_t bytes[GUID_BYTES], struct guid *ret)
{
	ret->data1 = (uint32_t)bytes[3] << 24 | (uint32_t)bytes[2] << 16 | (uint32_t)bytes[1] << 8 |
		     bytes[0];
	ret->data2 = (uint16_t)(bytes[5] << 8 | bytes[4]);
	ret->data3 = (uint16_t)(bytes[7] << 8 | bytes[6]);
	memcpy(ret->data4, bytes + 8, 8);
}

bool guid_same(const struct guid *a, const struct guid *b)
{
	return memcmp(a, b, sizeof(*a)) == 0;
}
