#include "runtime/number.h"

#include <errno.h>

#include "tests/check.h"

static const struct {
	const char *text;
	uint64_t max;
	int r;
	uint64_t value;
} numbers[] = {
	{ "0", 10, 0, 0 },
	{ "10", 10, 0, 10 },
	{ "11", 10, -ERANGE, 0 },
	{ "18446744073709551615", UINT64_MAX, 0, UINT64_MAX },
	{ "18446744073709551616", UINT64_MAX, -ERANGE, 0 },
	{ "99999999999999999999999", UINT64_MAX, -ERANGE, 0 },
	{ "", 10, -EINVAL, 0 },
	{ "01", 10, -EINVAL, 0 },
	{ "+1", 10, -EINVAL, 0 },
	{ "-1", 10, -EINVAL, 0 },
	{ " 1", 10, -EINVAL, 0 },
	{ "1a", 10, -EINVAL, 0 },
	{ "0x1", 10, -EINVAL, 0 },
};

TEST(u64_parse)
{
	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++) {
		uint64_t value = 42;

		CASE("%s", numbers[i].text);
		CHECK_INT(u64_parse(view(numbers[i].text), numbers[i].max, &value), numbers[i].r);
		CHECK_U64(value, numbers[i].r == 0 ? numbers[i].value : 42);
	}
}

TEST(formats)
{
	char text[U64_TEXT_MAX];

	CHECK_INT(u64_format(UINT64_MAX, text), 20);
	CHECK_STR(text, "18446744073709551615");
	CHECK_INT(u64_format(0, text), 1);
	CHECK_STR(text, "0");
	CHECK_INT(i64_format(INT64_MIN, text), 20);
	CHECK_STR(text, "-9223372036854775808");
	CHECK_INT(i64_format(7, text), 1);
	CHECK_STR(text, "7");
}

/* The smallest and the largest number of each length. */
TEST(lengths)
{
	uint64_t ten = 10;

	for (size_t n = 1; n < 20; n++, ten *= 10) {
		char text[U64_TEXT_MAX], want[U64_TEXT_MAX];

		CASE("%zu digits", n);
		memset(want, '9', n);
		want[n] = '\0';
		CHECK_INT(u64_format(ten - 1, text), n);
		CHECK_STR(text, want);
		want[0] = '1';
		memset(want + 1, '0', n);
		want[n + 1] = '\0';
		CHECK_INT(u64_format(ten, text), n + 1);
		CHECK_STR(text, want);
	}
}
