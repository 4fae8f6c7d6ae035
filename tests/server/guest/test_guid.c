#include "server/guest/guid.h"

#include "tests/check.h"

#define TEXT "acef5661-84a1-4e44-856b-6245e69f4620"

TEST(text_there_and_back)
{
	static const struct guid want = {
		0xacef5661, 0x84a1, 0x4e44, { 0x85, 0x6b, 0x62, 0x45, 0xe6, 0x9f, 0x46, 0x20 }
	};
	struct guid guid;
	char text[GUID_TEXT_MAX];

	CHECK_INT(guid_parse(view(TEXT), &guid), 0);
	CHECK_SAME(&guid, &want);
	CHECK_STR(guid_format(&guid, text), TEXT);
	CHECK_INT(guid_parse(view("ACEF5661-84A1-4E44-856B-6245E69F4620"), &guid), 0);
	CHECK(guid_same(&guid, &want));
	guid.data4[7]++;
	CHECK(!guid_same(&guid, &want));
	CHECK_STR(guid_format(&GUID_ZERO, text), "00000000-0000-0000-0000-000000000000");
}

/* The first three are little-endian, the rest is not. */
TEST(bytes_are_of_both_ends)
{
	static const uint8_t want[GUID_BYTES] = { 0x61, 0x56, 0xef, 0xac, 0xa1, 0x84, 0x44, 0x4e,
						  0x85, 0x6b, 0x62, 0x45, 0xe6, 0x9f, 0x46, 0x20 };
	uint8_t bytes[GUID_BYTES];
	struct guid guid, again;

	CHECK_INT(guid_parse(view(TEXT), &guid), 0);
	guid_to_bytes(&guid, bytes);
	CHECK_BYTES(bytes, want, GUID_BYTES);
	guid_from_bytes(bytes, &again);
	CHECK_SAME(&again, &guid);
}

TEST(other_texts_are_none)
{
	static const char *const texts[] = {
		"",
		"acef5661",
		"{acef5661-84a1-4e44-856b-6245e69f4620}",
		"acef5661-84a1-4e44-856b-6245e69f462",
		"acef5661-84a1-4e44-856b-6245e69f46200",
		"acef5661084a1-4e44-856b-6245e69f4620",
		"acef566-184a1-4e44-856b-6245e69f4620",
		"acef5661-84a1-4e44-856b-6245e69f462g",
		"acef5661-84a1-4e44-856b-6245e69f46 0",
	};
	struct guid guid = { .data1 = 7 };

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		CASE("%s", texts[i]);
		CHECK_INT(guid_parse(view(texts[i]), &guid), -EINVAL);
		CHECK_INT(guid.data1, 7);
	}
}
