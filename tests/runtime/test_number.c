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
