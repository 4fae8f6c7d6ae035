#include "runtime/key.h"

#include <errno.h>

/* All of it without look-ups by secret bytes: a range test yields a mask of ones or zeros. */
static int in_range(int c, int first, int last)
{
	return ((first - 1 - c) & (c - last - 1)) >> 8;
}

/* RFC 4648 table 1; -1 for a character that is none of it. */
static int base64_value(int c)
{
	int value = -1;

	value += in_range(c, 'A', 'Z') & (c - 'A' + 1);
	value += in_range(c, 'a', 'z') & (c - 'a' + 27);
	value += in_range(c, '0', '9') & (c - '0' + 53);
	value += in_range(c, '+', '+') & 63;
	value += in_range(c, '/', '/') & 64;
	return value;
}

static char base64_digit(int value)
{
	int c = 0;

	c |= in_range(value, 0, 25) & ('A' + value);
	c |= in_range(value, 26, 51) & ('a' + value - 26);
	c |= in_range(value, 52, 61) & ('0' + value - 52);
	c |= in_range(value, 62, 62) & '+';
	c |= in_range(value, 63, 63) & '/';
	return (char)c;
}

int key_parse(struct ovd_view text, struct ovd_key *ret)
{
	struct ovd_key key;
	int bad = 0;

	if (text.n != KEY_TEXT_MAX - 1 || text.p[43] != '=')
		return -EINVAL;
	for (int i = 0; i < 11; i++) {
		int v[4];

		for (int k = 0; k < 4; k++) {
			v[k] = i == 10 && k == 3 ? 0
						 : base64_value((unsigned char)text.p[4 * i + k]);
			bad |= v[k];
		}
		key.b[3 * i] = (uint8_t)((unsigned)v[0] << 2 | v[1] >> 4);
		key.b[3 * i + 1] = (uint8_t)((unsigned)v[1] << 4 | v[2] >> 2);
		if (i < 10)
			key.b[3 * i + 2] = (uint8_t)((unsigned)v[2] << 6 | (unsigned)v[3]);
		else if (v[2] & 3) /* bits that no byte takes */
			bad = -1;
	}
	if (bad >= 0)
		*ret = key;
	explicit_bzero(&key, sizeof(key));
	return bad < 0 ? -EINVAL : 0;
}

const char *key_format(const struct ovd_key *key, char text[KEY_TEXT_MAX])
{
	for (int i = 0; i < 11; i++) {
		int a = key->b[3 * i], b = key->b[3 * i + 1], c = i < 10 ? key->b[3 * i + 2] : 0;

		text[4 * i] = base64_digit(a >> 2);
		text[4 * i + 1] = base64_digit((a & 3) << 4 | b >> 4);
		text[4 * i + 2] = base64_digit((b & 15) << 2 | c >> 6);
		text[4 * i + 3] = base64_digit(c & 63);
	}
	text[43] = '=';
	text[44] = '\0';
	return text;
}

static int hex_value(int c)
{
	int value = -1;

	value += in_range(c, '0', '9') & (c - '0' + 1);
	value += in_range(c, 'a', 'f') & (c - 'a' + 11);
	value += in_range(c, 'A', 'F') & (c - 'A' + 11);
	return value;
}

int key_parse_hex(struct ovd_view text, struct ovd_key *ret)
{
	struct ovd_key key;
	int bad = 0;

	if (text.n != KEY_HEX_MAX - 1)
		return -EINVAL;
	for (size_t i = 0; i < sizeof(key.b); i++) {
		int high = hex_value((unsigned char)text.p[2 * i]),
		    low = hex_value((unsigned char)text.p[2 * i + 1]);

		bad |= high | low;
		key.b[i] = (uint8_t)((unsigned)high << 4 | (unsigned)low);
	}
	if (bad >= 0)
		*ret = key;
	explicit_bzero(&key, sizeof(key));
	return bad < 0 ? -EINVAL : 0;
}

static char hex_digit(int value)
{
	return (char)('0' + value + (in_range(value, 10, 15) & ('a' - '0' - 10)));
}

const char *key_format_hex(const struct ovd_key *key, char text[KEY_HEX_MAX])
{
	for (size_t i = 0; i < sizeof(key->b); i++) {
		text[2 * i] = hex_digit(key->b[i] >> 4);
		text[2 * i + 1] = hex_digit(key->b[i] & 15);
	}
	text[2 * sizeof(key->b)] = '\0';
	return text;
}
