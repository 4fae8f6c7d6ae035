#include "runtime/json_scan.h"

#include <errno.h>
#include <math.h>

#include "runtime/json.h"

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* ---- integers ---- */

static int fault_in_number(struct json_scan *s, const char *at, uint64_t max)
{
	if (is_digit(*at) || *at == '-')
		return SCAN_FAULT(s, at, "expected an integer from 0 to %llu",
				  (unsigned long long)max);
	return SCAN_FAULT(s, at, "expected an integer");
}

/* Behind digits; nothing may stand there that belongs to a number. */
static inline const char *end_of_digits(const char *p)
{
	return *p == '.' || *p == 'e' || *p == 'E' ? NULL : p;
}

/* The rest of a number, of 20 digits or more, that may not fit into 64 bits. */
static _cold_ const char *scan_more_digits(const char *p, uint64_t value, uint64_t *ret)
{
	for (; is_digit(*p); p++)
		if (__builtin_mul_overflow(value, UINT64_C(10), &value) ||
		    __builtin_add_overflow(value, (uint64_t)(*p - '0'), &value))
			return NULL;
	*ret = value;
	return end_of_digits(p);
}

const char *scan_digits(const char *p, uint64_t *ret)
{
	const char *fits = p + 19;
	uint64_t value = 0;

	if (!is_digit(*p) || (*p == '0' && is_digit(p[1])))
		return NULL;
	for (; p + sizeof(uint64_t) <= fits && word_is_digits(word_load(p)); p += sizeof(uint64_t))
		value = value * 100000000 + word_decimal(word_load(p));
	for (; is_digit(*p); p++) {
		if (p == fits)
			return scan_more_digits(p, value, ret);
		value = value * 10 + (uint64_t)(*p - '0');
	}
	*ret = value;
	return end_of_digits(p);
}

int scan_uint(struct json_scan *s, uint64_t max, uint64_t *ret)
{
	uint64_t value;
	const char *end = scan_digits(s->p, &value);

	if (!end || value > max)
		return fault_in_number(s, s->p, max);
	s->p = end;
	*ret = value;
	return 0;
}

int scan_int(struct json_scan *s, int64_t min, int64_t max, int64_t *ret)
{
	bool negative = *s->p == '-';
	uint64_t value;
	const char *end = scan_digits(s->p + negative, &value);

	if (!end || (negative && value == 0) ||
	    value > (negative ? 0 - (uint64_t)min : (uint64_t)max))
		return SCAN_FAULT(s, s->p, "expected an integer from %lld to %lld", (long long)min,
				  (long long)max);
	s->p = end;
	*ret = negative ? (int64_t)(0 - value) : (int64_t)value;
	return 0;
}

/* ---- words ---- */

static inline bool scan_word(struct json_scan *s, const char *text)
{
	size_t n = strlen(text);

	if (memcmp(s->p, text, n) != 0)
		return false;
	s->p += n;
	return true;
}

int scan_bool(struct json_scan *s, bool *ret)
{
	if (scan_word(s, "true"))
		*ret = true;
	else if (scan_word(s, "false"))
		*ret = false;
	else
		return SCAN_FAULT(s, s->p, "expected true or false");
	return 0;
}

int scan_null(struct json_scan *s, bool *ret)
{
	*ret = *s->p == 'n';
	if (*ret && !scan_word(s, "null"))
		return SCAN_FAULT(s, s->p, "expected a value");
	return 0;
}

/* ---- numbers nobody wants: serde_json refuses those that no double can hold, in its own
 * arithmetic ---- */

struct decimal {
	uint64_t digits; /* as many as fit */
	int64_t power;   /* of ten */
};

static bool take_digit(struct decimal *d, char c)
{
	uint64_t more;

	if (__builtin_mul_overflow(d->digits, UINT64_C(10), &more) ||
	    __builtin_add_overflow(more, (uint64_t)(c - '0'), &more))
		return false;
	d->digits = more;
	return true;
}

static int scan_integer_part(struct json_scan *s, struct decimal *d)
{
	if (!is_digit(*s->p))
		return SCAN_FAULT(s, s->p, "expected a digit");
	if (*s->p == '0' && is_digit(s->p[1]))
		return SCAN_FAULT(s, s->p, "a number must not begin with 0");
	while (is_digit(*s->p) && take_digit(d, *s->p))
		s->p++;
	for (; is_digit(*s->p); s->p++)
		d->power++;
	return 0;
}

static int scan_fraction(struct json_scan *s, struct decimal *d)
{
	if (!is_digit(*++s->p))
		return SCAN_FAULT(s, s->p, "expected a digit");
	for (; is_digit(*s->p) && take_digit(d, *s->p); s->p++)
		d->power--;
	while (is_digit(*s->p))
		s->p++;
	return 0;
}

static int scan_exponent(struct json_scan *s, struct decimal *d)
{
	bool negative = s->p[1] == '-';
	int64_t exponent = 0;

	s->p += s->p[1] == '-' || s->p[1] == '+' ? 2 : 1;
	if (!is_digit(*s->p))
		return SCAN_FAULT(s, s->p, "expected a digit");
	for (; is_digit(*s->p); s->p++)
		if (exponent <= INT32_MAX)
			exponent = exponent * 10 + (*s->p - '0');
	d->power += negative ? -exponent : exponent;
	return 0;
}

/* Below 1e289 nothing that fits into 64 bits can overflow. */
static bool fits_double(const struct decimal *d)
{
	static const double tens[] = { 1e289, 1e290, 1e291, 1e292, 1e293, 1e294, 1e295,
				       1e296, 1e297, 1e298, 1e299, 1e300, 1e301, 1e302,
				       1e303, 1e304, 1e305, 1e306, 1e307, 1e308 };

	if (d->digits == 0 || d->power < 289)
		return true;
	return d->power <= 308 && !isinf((double)d->digits * tens[d->power - 289]);
}

static int skip_number(struct json_scan *s)
{
	const char *at = s->p;
	struct decimal d = { 0, 0 };
	int r;

	s->p += *s->p == '-';
	r = scan_integer_part(s, &d);
	if (r == 0 && *s->p == '.')
		r = scan_fraction(s, &d);
	if (r == 0 && (*s->p == 'e' || *s->p == 'E'))
		r = scan_exponent(s, &d);
	if (r == 0 && !fits_double(&d))
		return SCAN_FAULT(s, at, "a number is too large for a double");
	return r;
}

/* ---- structure ---- */

int scan_open(struct json_scan *s, char bracket, const char *what)
{
	if (*s->p != bracket)
		return SCAN_FAULT(s, s->p, "expected %s", what);
	if (++s->depth > JSON_DEPTH_MAX)
		return SCAN_FAULT(s, s->p, "nested deeper than %d levels", JSON_DEPTH_MAX);
	s->p++;
	return 0;
}

int scan_item(struct json_scan *s, bool first, bool *ret_more)
{
	scan_blanks(s);
	*ret_more = *s->p != ']';
	if (!*ret_more) {
		s->p++;
		s->depth--;
		return 0;
	}
	if (first)
		return 0;
	if (*s->p != ',')
		return SCAN_FAULT(s, s->p, "expected , or ]");
	s->p++;
	scan_blanks(s);
	return 0;
}

int scan_key(struct json_scan *s, bool first, struct ovd_view *ret, bool *ret_more)
{
	int r;

	scan_blanks(s);
	*ret_more = *s->p != '}';
	if (!*ret_more) {
		s->p++;
		s->depth--;
		return 0;
	}
	if (!first) {
		if (*s->p != ',')
			return SCAN_FAULT(s, s->p, "expected , or }");
		s->p++;
		scan_blanks(s);
	}
	s->key = s->p;
	r = scan_string(s, "a key", ret);
	if (r < 0)
		return r;
	scan_blanks(s);
	if (*s->p != ':')
		return SCAN_FAULT(s, s->p, "expected :");
	s->p++;
	scan_blanks(s);
	return 0;
}

static int skip_array(struct json_scan *s)
{
	bool more = true;
	int r = scan_open(s, '[', "a list");

	for (bool first = true; r == 0; first = false) {
		r = scan_item(s, first, &more);
		if (r < 0 || !more)
			return r;
		r = scan_skip(s);
	}
	return r;
}

static int skip_object(struct json_scan *s)
{
	struct ovd_view key;
	bool more = true;
	int r = scan_open(s, '{', "an object");

	for (bool first = true; r == 0; first = false) {
		r = scan_key(s, first, &key, &more);
		if (r < 0 || !more)
			return r;
		r = scan_skip(s);
	}
	return r;
}

int scan_skip(struct json_scan *s)
{
	struct ovd_view text;
	bool value;

	scan_blanks(s);
	switch (*s->p) {
	case '"':
		return scan_string(s, "a string", &text);
	case '{':
		return skip_object(s);
	case '[':
		return skip_array(s);
	case 't':
	case 'f':
		return scan_bool(s, &value);
	case 'n':
		return scan_null(s, &value);
	default:
		if (is_digit(*s->p) || *s->p == '-')
			return skip_number(s);
		return SCAN_FAULT(s, s->p, "expected a value");
	}
}
