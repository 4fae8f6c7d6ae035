#include "runtime/mac.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static int digit_of(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

int mac_parse(struct ovd_view text, uint8_t ret[MAC_BYTES])
{
	static const uint8_t none[MAC_BYTES];
	uint8_t mac[MAC_BYTES];

	if (text.n != MAC_TEXT_MAX - 1)
		return -EINVAL;
	for (unsigned i = 0; i < MAC_BYTES; i++) {
		int high = digit_of(text.p[3 * i]), low = digit_of(text.p[3 * i + 1]);

		if (high < 0 || low < 0 || (i + 1 < MAC_BYTES && text.p[3 * i + 2] != ':'))
			return -EINVAL;
		mac[i] = (uint8_t)(high << 4 | low);
	}
	if (mac[0] & 1 || memcmp(mac, none, sizeof(mac)) == 0)
		return -EINVAL;
	memcpy(ret, mac, sizeof(mac));
	return 0;
}

const char *mac_format(const uint8_t mac[MAC_BYTES], char text[MAC_TEXT_MAX])
{
	snprintf(text, MAC_TEXT_MAX, "%02x:%02x:%02x:%02x:%02x:%02x", mac[0], mac[1], mac[2],
		 mac[3], mac[4], mac[5]);
	return text;
}
