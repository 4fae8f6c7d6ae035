#include "runtime/number.h"

#include <errno.h>

int u64_parse(struct ovd_view text, uint64_t max, uint64_t *ret)
{
	uint64_t value = 0;

	if (text.n == 0 || (text.n > 1 && text.p[0] == '0'))
		return -EINVAL;
	for (size_t i = 0; i < text.n; i++) {
		unsigned digit = (unsigned)(text.p[i] - '0');

		if (digit > 9)
			return -EINVAL;
		if (value > (UINT64_MAX - digit) / 10)
			return -ERANGE;
		value = value * 10 + digit;
	}
	if (value > max)
		return -ERANGE;
	*ret = value;
	return 0;
}

static size_t put_digits(uint64_t value, char *text)
{
	char digits[U64_TEXT_MAX];
	char *end = digits + sizeof(digits), *p = end;

	for (; value >= 100; value /= 100) {
		unsigned two = value % 100;

		*--p = (char)('0' + two % 10);
		*--p = (char)('0' + two / 10);
	}
	if (value >= 10) {
		*--p = (char)('0' + value % 10);
		value /= 10;
	}
	*--p = (char)('0' + value);
	memcpy(text, p, (size_t)(end - p));
	text[end - p] = '\0';
	return (size_t)(end - p);
}

size_t u64_format(uint64_t value, char text[U64_TEXT_MAX])
{
	return put_digits(value, text);
}

size_t i64_format(int64_t value, char text[U64_TEXT_MAX])
{
	text[0] = '-';
	return value < 0 ? 1 + put_digits(0 - (uint64_t)value, text + 1)
			 : put_digits((uint64_t)value, text);
}
