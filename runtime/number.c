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

static const uint64_t tens[] = { UINT64_C(1),
				 UINT64_C(10),
				 UINT64_C(100),
				 UINT64_C(1000),
				 UINT64_C(10000),
				 UINT64_C(100000),
				 UINT64_C(1000000),
				 UINT64_C(10000000),
				 UINT64_C(100000000),
				 UINT64_C(1000000000),
				 UINT64_C(10000000000),
				 UINT64_C(100000000000),
				 UINT64_C(1000000000000),
				 UINT64_C(10000000000000),
				 UINT64_C(100000000000000),
				 UINT64_C(1000000000000000),
				 UINT64_C(10000000000000000),
				 UINT64_C(100000000000000000),
				 UINT64_C(1000000000000000000),
				 UINT64_C(10000000000000000000) };

/* From the number of bits, each of which is log10(2), or 1233/4096, of a digit. */
static size_t count_digits(uint64_t value)
{
	unsigned bits = 64 - (unsigned)__builtin_clzll(value | 1), n = bits * 1233 >> 12;

	return n + (value >= tens[n]) + (value == 0);
}

static size_t put_digits(uint64_t value, char *text)
{
	static const char pairs[] = "00010203040506070809101112131415161718192021222324"
				    "25262728293031323334353637383940414243444546474849"
				    "50515253545556575859606162636465666768697071727374"
				    "75767778798081828384858687888990919293949596979899";
	size_t n = count_digits(value);
	char *p = text + n;

	*p = '\0';
	for (; value >= 100; value /= 100) {
		p -= 2;
		memcpy(p, pairs + value % 100 * 2, 2);
	}
	if (value >= 10)
		memcpy(text, pairs + value * 2, 2);
	else
		*text = (char)('0' + value);
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
