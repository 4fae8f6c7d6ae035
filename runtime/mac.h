/* Hardware addresses of links, IEEE 802. */
#pragma once

#include <stdint.h>

#include "runtime/view.h"

#define MAC_BYTES    6
#define MAC_TEXT_MAX 18

/* Six pairs of hex digits of either case with colons between them. -EINVAL for another text, for
 * zeros alone, and for the address of a group, which no link can have. */
int mac_parse(struct ovd_view text, uint8_t ret[MAC_BYTES]);

/* In lower case. Returns text. */
const char *mac_format(const uint8_t mac[MAC_BYTES], char text[MAC_TEXT_MAX]);
