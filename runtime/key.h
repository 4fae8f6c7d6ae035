/* X25519 keys as text. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "runtime/view.h"

struct ovd_key {
	uint8_t b[32];
};

#define KEY_TEXT_MAX 45
#define KEY_HEX_MAX  65

/* 44 characters of base64 (RFC 4648 section 4) with padding, canonical. -EINVAL for another text.
 */
int key_parse(struct ovd_view text, struct ovd_key *ret);
const char *key_format(const struct ovd_key *key, char text[KEY_TEXT_MAX]);

/* 64 hex digits of either case, written in lower case, as the userspace control protocol has them.
 */
int key_parse_hex(struct ovd_view text, struct ovd_key *ret);
const char *key_format_hex(const struct ovd_key *key, char text[KEY_HEX_MAX]);

static inline bool key_eq(const struct ovd_key *a, const struct ovd_key *b)
{
	return memcmp(a->b, b->b, sizeof(a->b)) == 0;
}
