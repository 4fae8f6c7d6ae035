#include "runtime/key.h"

#include <errno.h>
#include <string.h>

#include "runtime/util.h"

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

#define DIGITS 43 /* of a key; and '=' */
#define ROOM   48 /* for as many as a compiler takes at once */

/* 0 or more if all are digits. Those behind the last one are zeros. */
static int base64_values(const char *text, int values[ROOM])
{
	unsigned char digits[ROOM];
	int all = 0;

	memset(digits, 'A', sizeof(digits));
	memcpy(digits, text, DIGITS);
	for (int i = 0; i < ROOM; i++)
		values[i] = base64_value(digits[i]);
	for (int i = 0; i < ROOM; i++)
		all |= values[i];
	explicit_bzero(digits, sizeof(digits));
	return all;
}

int key_parse(struct ovd_view text, struct ovd_key *ret)
{
	int values[ROOM], bad;
	struct ovd_key key;

	if (text.n != DIGITS + 1 || text.p[DIGITS] != '=')
		return -EINVAL;
	bad = base64_values(text.p, values);
	for (int i = 0; i < 11; i++) {
		const int *v = values + 4 * i;

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
	explicit_bzero(values, sizeof(values));
	return bad < 0 ? -EINVAL : 0;
}

const char *key_format(const struct ovd_key *key, char text[KEY_TEXT_MAX])
{
	int values[ROOM] = { 0 };
	char digits[ROOM];

	for (int i = 0; i < 11; i++) {
		int a = key->b[3 * i], b = key->b[3 * i + 1], c = i < 10 ? key->b[3 * i + 2] : 0;

		values[4 * i] = a >> 2;
		values[4 * i + 1] = (a & 3) << 4 | b >> 4;
		values[4 * i + 2] = (b & 15) << 2 | c >> 6;
		values[4 * i + 3] = c & 63;
	}
	for (int i = 0; i < ROOM; i++)
		digits[i] = base64_digit(values[i]);
	memcpy(text, digits, DIGITS);
	text[DIGITS] = '=';
	text[DIGITS + 1] = '\0';
	explicit_bzero(values, sizeof(values));
	explicit_bzero(digits, sizeof(digits));
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
	int values[KEY_HEX_MAX - 1], bad = 0;
	struct ovd_key key;

	if (text.n != ARRAY_SIZE(values))
		return -EINVAL;
	for (size_t i = 0; i < ARRAY_SIZE(values); i++)
		values[i] = hex_value((unsigned char)text.p[i]);
	for (size_t i = 0; i < ARRAY_SIZE(values); i++)
		bad |= values[i];
	for (size_t i = 0; i < sizeof(key.b); i++)
		key.b[i] = (uint8_t)((unsigned)values[2 * i] << 4 | (unsigned)values[2 * i + 1]);
	if (bad >= 0)
		*ret = key;
	explicit_bzero(&key, sizeof(key));
	explicit_bzero(values, sizeof(values));
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
