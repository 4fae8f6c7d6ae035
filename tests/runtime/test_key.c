#include "runtime/key.h"

#include <errno.h>
#include <stdio.h>

#include "tests/check.h"

TEST(base64_there_and_back)
{
	for (int n = 0; n < 256; n++) {
		struct ovd_key key, again;
		char text[KEY_TEXT_MAX], hex[KEY_HEX_MAX];

		for (int i = 0; i < 32; i++)
			key.b[i] = (uint8_t)(n + i * 37);
		CHECK_INT(key_parse(view(key_format(&key, text)), &again), 0);
		CHECK(key_eq(&key, &again));
		CHECK_INT(key_parse_hex(view(key_format_hex(&key, hex)), &again), 0);
		CHECK(key_eq(&key, &again));
	}
}

TEST(known_key)
{
	struct ovd_key key = { { 0xff, 0, 1 } };
	char text[KEY_TEXT_MAX], hex[KEY_HEX_MAX];

	CHECK_STR(key_format(&key, text), "/wABAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=");
	CHECK_STR(key_format_hex(&key, hex),
		  "ff00010000000000000000000000000000000000000000000000000000000000");
}

TEST(refused)
{
	static const char *const texts[] = {
		"",
		"/wABAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",  /* no padding */
		"/wABAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAB=", /* bits that no byte takes */
		"-wABAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=", /* the other alphabet */
		"/wABAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA==",
		"=wABAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
	};
	struct ovd_key key = { { 7 } };
	const struct ovd_key untouched = key;

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		CASE("%s", texts[i]);
		CHECK_INT(key_parse(view(texts[i]), &key), -EINVAL);
		CHECK_SAME(&key, &untouched);
	}
	CHECK_INT(key_parse_hex(view("ff"), &key), -EINVAL);
	CHECK_INT(key_parse_hex(
			  view("gg00010000000000000000000000000000000000000000000000000000000000"),
			  &key),
		  -EINVAL);
}

/* Every character that is none of the alphabet's, in every place of a quantum. */
TEST(alphabet)
{
	static const char alphabet[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	char text[] = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
	struct ovd_key key;

	for (int c = 1; c < 256; c++)
		for (int at = 0; at < 4; at++) {
			text[at] = (char)c;
			CASE("byte %d at %d", c, at);
			CHECK_INT(key_parse(view(text), &key), strchr(alphabet, c) ? 0 : -EINVAL);
			text[at] = 'A';
		}
}
