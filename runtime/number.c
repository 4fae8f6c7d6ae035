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

static size_t count_digits(uint64_t value)
{
	uint64_t ten = 10;
	size_t n = 1;

	for (; n < 20 && value >= ten; n++)
		ten *= 10; /* the last time it wraps, and is not looked at */
	return n;
}

static size_t put_digits(uint64_t value, char *text)
{
	size_t n = count_digits(value);
	char *p = text + n;

	*p = '\0';
	for (; value >= 100; value /= 100) {
		*--p = (char)('0' + value % 10);
		*--p = (char)('0' + value % 100 / 10);
	}
	*--p = (char)('0' + value % 10);
	if (value >= 10)
		*--p = (char)('0' + value / 10);
	return n;
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
