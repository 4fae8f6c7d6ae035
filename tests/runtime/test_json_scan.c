#include "runtime/json_scan.h"

#include <stdio.h>

#include "runtime/json.h"
#include "tests/check.h"
#include "tests/runtime/sample.h"

/* ---- integers ---- */

static const struct {
	const char *text;
	uint64_t max, value;
	int r;
	size_t used; /* or where the fault is */
} uints[] = {
	{ "0", UINT64_MAX, 0, 0, 1 },
	{ "18446744073709551615,", UINT64_MAX, UINT64_MAX, 0, 20 },
	{ "18446744073709551616", UINT64_MAX, 0, -EBADMSG, 0 },
	{ "99999999999999999999999", UINT64_MAX, 0, -EBADMSG, 0 },
	{ "18446744073709551610", UINT64_MAX, UINT64_MAX - 5, 0, 20 },
	{ "28446744073709551610", UINT64_MAX, 0, -EBADMSG, 0 },
	{ "184467440737095516150", UINT64_MAX, 0, -EBADMSG, 0 },
	{ "18446744073709551615.0", UINT64_MAX, 0, -EBADMSG, 0 },
	{ "1234567890123456789,", UINT64_MAX, UINT64_C(1234567890123456789), 0, 19 },
	{ "12345678901234567]", UINT64_MAX, UINT64_C(12345678901234567), 0, 17 },
	{ "9876543210123456}", UINT64_MAX, UINT64_C(9876543210123456), 0, 16 },
	{ "123456789 ", UINT64_MAX, 123456789, 0, 9 },
	{ "12345678", UINT64_MAX, 12345678, 0, 8 },
	{ "12345678e1", UINT64_MAX, 0, -EBADMSG, 0 },
	{ "1234567:", UINT64_MAX, 1234567, 0, 7 },
	{ "1234567/", UINT64_MAX, 1234567, 0, 7 },
	{ "123456\xb1"
	  "8",
	  UINT64_MAX, 123456, 0, 6 },
	{ "255}", 255, 255, 0, 3 },
	{ "256", 255, 0, -EBADMSG, 0 },
	{ "65535", 65535, 65535, 0, 5 },
	{ "65536", 65535, 0, -EBADMSG, 0 },
	{ "4294967296", UINT32_MAX, 0, -EBADMSG, 0 },
	{ "00", 255, 0, -EBADMSG, 0 },
	{ "01", 255, 0, -EBADMSG, 0 },
	{ "-0", 255, 0, -EBADMSG, 0 },
	{ "-1", 255, 0, -EBADMSG, 0 },
	{ "+1", 255, 0, -EBADMSG, 0 },
	{ "1.0", 255, 0, -EBADMSG, 0 },
	{ "1e0", 255, 0, -EBADMSG, 0 },
	{ "1E0", 255, 0, -EBADMSG, 0 },
	{ "\"1\"", 255, 0, -EBADMSG, 0 },
	{ "true", 255, 0, -EBADMSG, 0 },
	{ "", 255, 0, -EBADMSG, 0 },
};

TEST(uint)
{
	for (size_t i = 0; i < ARRAY_SIZE(uints); i++) {
		struct ovd_fault fault;
		struct json_scan s = sample_scan(view(uints[i].text), NULL, &fault);
		uint64_t value = 77;

		CASE("%s", uints[i].text);
		CHECK_INT(scan_uint(&s, uints[i].max, &value), uints[i].r);
		CHECK_U64(value, uints[i].r < 0 ? 77 : uints[i].value);
		CHECK_INT(uints[i].r < 0 ? fault.offset : (size_t)(s.p - s.start), uints[i].used);
	}
}

static const struct {
	const char *text;
	int64_t min, max, value;
	int r;
} ints[] = {
	{ "0", INT32_MIN, INT32_MAX, 0, 0 },
	{ "-1", INT32_MIN, INT32_MAX, -1, 0 },
	{ "2147483647", INT32_MIN, INT32_MAX, INT32_MAX, 0 },
	{ "2147483648", INT32_MIN, INT32_MAX, 0, -EBADMSG },
	{ "-2147483648", INT32_MIN, INT32_MAX, INT32_MIN, 0 },
	{ "-2147483649", INT32_MIN, INT32_MAX, 0, -EBADMSG },
	{ "9223372036854775807", INT64_MIN, INT64_MAX, INT64_MAX, 0 },
	{ "9223372036854775808", INT64_MIN, INT64_MAX, 0, -EBADMSG },
	{ "-9223372036854775808", INT64_MIN, INT64_MAX, INT64_MIN, 0 },
	{ "-9223372036854775809", INT64_MIN, INT64_MAX, 0, -EBADMSG },
	{ "-18446744073709551615", INT64_MIN, INT64_MAX, 0, -EBADMSG },
	{ "-0", INT32_MIN, INT32_MAX, 0, -EBADMSG }, /* a float to serde_json */
	{ "--1", INT32_MIN, INT32_MAX, 0, -EBADMSG },
	{ "-", INT32_MIN, INT32_MAX, 0, -EBADMSG },
	{ "-01", INT32_MIN, INT32_MAX, 0, -EBADMSG },
	{ "-1.5", INT32_MIN, INT32_MAX, 0, -EBADMSG },
};

TEST(int)
{
	for (size_t i = 0; i < ARRAY_SIZE(ints); i++) {
		struct ovd_fault fault;
		struct json_scan s = sample_scan(view(ints[i].text), NULL, &fault);
		int64_t value = 77;

		CASE("%s", ints[i].text);
		CHECK_INT(scan_int(&s, ints[i].min, ints[i].max, &value), ints[i].r);
		CHECK_INT(value, ints[i].r < 0 ? 77 : ints[i].value);
		if (ints[i].r < 0)
			CHECK_INT(fault.offset, 0);
	}
}

/* ---- words ---- */

TEST(words)
{
	struct ovd_fault fault;
	struct json_scan s = sample_scan(VIEW_LITERAL("truefalsenull"), NULL, &fault);
	bool value = false;

	CHECK_INT(scan_bool(&s, &value), 0);
	CHECK(value);
	CHECK_INT(scan_null(&s, &value), 0);
	CHECK(!value); /* another value stands here, and stays */
	CHECK_INT(s.p - s.start, 4);
	CHECK_INT(scan_bool(&s, &value), 0);
	CHECK(!value);
	CHECK_INT(scan_null(&s, &value), 0);
	CHECK(value && s.p == s.start + 13);
}

TEST(broken_words)
{
	static const char *const texts[] = { "tru", "fals", "True", "nul", "nil", "" };

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		struct ovd_fault fault;
		struct json_scan s = sample_scan(view(texts[i]), NULL, &fault);
		bool value;

		CASE("%s", texts[i]);
		CHECK_INT(scan_bool(&s, &value), -EBADMSG);
		if (texts[i][0] == 'n')
			CHECK_INT(scan_null(&s, &value), -EBADMSG);
	}
}

/* ---- values that nobody wants ---- */

#define ZEROS_50 "00000000000000000000000000000000000000000000000000"

static const struct {
	const char *text;
	int r;
	size_t at; /* behind the value, or the fault */
} skipped[] = {
	{ "0", 0, 1 },
	{ "-0", 0, 2 },
	{ "-0.0e-0", 0, 7 },
	{ "1.7976931348623157e308", 0, 22 },
	/* it would round to the largest double: serde_json's arithmetic is another */
	{ "1.7976931348623158e308", -EBADMSG, 0 },
	{ "1e308", 0, 5 },
	{ "1e309", -EBADMSG, 0 },
	{ "-1e309", -EBADMSG, 0 },
	{ "0e99999999999999999999", 0, 22 },
	{ "1e-99999999999999999999", 0, 23 },
	{ "1e99999999999999999999", -EBADMSG, 0 },
	{ "1" ZEROS_50 ZEROS_50 ZEROS_50 ZEROS_50 ZEROS_50 ZEROS_50 "00000000", 0, 309 },
	{ "1" ZEROS_50 ZEROS_50 ZEROS_50 ZEROS_50 ZEROS_50 ZEROS_50 "000000000", -EBADMSG, 0 },
	{ "1" ZEROS_50 ZEROS_50 ZEROS_50 ZEROS_50 ZEROS_50 ZEROS_50 "000000000e-1", 0, 313 },
	{ "01", -EBADMSG, 0 },
	{ "-", -EBADMSG, 1 },
	{ "1.", -EBADMSG, 2 },
	{ ".5", -EBADMSG, 0 },
	{ "1e", -EBADMSG, 2 },
	{ "1e+", -EBADMSG, 3 },
	{ "1e+5", 0, 4 },
	{ "[ ]", 0, 3 },
	{ "[1,]", -EBADMSG, 3 },
	{ "[,1]", -EBADMSG, 1 },
	{ "[1 2]", -EBADMSG, 3 },
	{ "[1", -EBADMSG, 2 },
	{ "[1}", -EBADMSG, 2 },
	{ "{ }", 0, 3 },
	{ "{\"a\":1 , \"a\":[null,true,{\"\":\"\"}]}", 0, 33 }, /* twice is no matter here */
	{ "{\"a\"1}", -EBADMSG, 4 },
	{ "{\"a\":}", -EBADMSG, 5 },
	{ "{\"a\":1,}", -EBADMSG, 7 },
	{ "{\"a\":1;}", -EBADMSG, 6 },
	{ "{a:1}", -EBADMSG, 1 },
	{ "{1:1}", -EBADMSG, 1 },
	{ "{\"a\":1]", -EBADMSG, 6 },
	{ "'a'", -EBADMSG, 0 },
	{ "NaN", -EBADMSG, 0 },
	{ "nulL", -EBADMSG, 0 },
	{ "/**/1", -EBADMSG, 0 },
	{ "\xef\xbb\xbf"
	  "1",
	  -EBADMSG, 0 },
	{ "", -EBADMSG, 0 },
};

TEST(skip)
{
	for (size_t i = 0; i < ARRAY_SIZE(skipped); i++) {
		_cleanup_(arena_done) struct arena arena = { NULL, 0 };
		struct ovd_fault fault = { .offset = 99 };
		struct json_scan s = sample_scan(view(skipped[i].text), &arena, &fault);

		CASE("%s", skipped[i].text);
		CHECK_INT(scan_skip(&s), skipped[i].r);
		CHECK_INT(skipped[i].r < 0 ? fault.offset : (size_t)(s.p - s.start), skipped[i].at);
		if (skipped[i].r == 0)
			CHECK_INT(s.depth, 0);
	}
}

/* 127 levels pass, lists and objects alike; the 128th is refused where it opens. */
TEST(depth)
{
	static const struct {
		const char *open, *close;
	} forms[] = { { "[", "]" }, { "{\"k\":", "}" }, { "[ [ {\"\":", "}]]" } };

	for (size_t i = 0; i < ARRAY_SIZE(forms); i++)
		for (int levels = JSON_DEPTH_MAX - 1; levels <= JSON_DEPTH_MAX + 1; levels++) {
			_cleanup_(buf_done) struct buf b = { .p = NULL };
			struct ovd_fault fault;
			struct json_scan s;
			int per_form = i == 2 ? 3 : 1, n = levels / per_form;

			CASE("%s %d", forms[i].open, n * per_form);
			for (int k = 0; k < n; k++)
				buf_text(&b, forms[i].open);
			buf_text(&b, "0");
			for (int k = 0; k < n; k++)
				buf_text(&b, forms[i].close);
			s = sample_scan(buf_view(&b), NULL, &fault);
			s.depth = levels - n * per_form;
			if (levels > JSON_DEPTH_MAX) {
				CHECK_INT(scan_skip(&s), -EBADMSG);
				CHECK(strstr(fault.text, "127 levels"));
				CHECK(b.p[fault.offset] == '[' || b.p[fault.offset] == '{');
			} else {
				CHECK_INT(scan_skip(&s), 0);
				CHECK_INT(s.depth, levels - n * per_form);
			}
		}
}

/* ---- structure ---- */

TEST(keys_and_items)
{
	struct ovd_fault fault;
	struct json_scan s =
		sample_scan(VIEW_LITERAL("{ \"a\" : [ 1 , 2 ] , \"b\":3 }"), NULL, &fault);
	struct ovd_view key;
	uint64_t value;
	bool more;

	CHECK_INT(scan_open(&s, '{', "an object"), 0);
	CHECK_INT(scan_key(&s, true, &key, &more), 0);
	CHECK(more);
	CHECK_VIEW(key, "a");
	CHECK_INT(scan_open(&s, '[', "a list"), 0);
	CHECK_INT(s.depth, 2);
	for (uint64_t n = 1; n <= 2; n++) {
		CHECK_INT(scan_item(&s, n == 1, &more), 0);
		CHECK(more);
		CHECK_INT(scan_uint(&s, 9, &value), 0);
		CHECK_U64(value, n);
	}
	CHECK_INT(scan_item(&s, false, &more), 0);
	CHECK(!more);
	CHECK_INT(s.depth, 1);
	CHECK_INT(scan_key(&s, false, &key, &more), 0);
	CHECK_VIEW(key, "b");
	CHECK_INT(scan_uint(&s, 9, &value), 0);
	CHECK_INT(scan_key(&s, false, &key, &more), 0);
	CHECK(!more);
	CHECK_INT(s.depth, 0);
	CHECK_INT(*s.p, '\0');
	CHECK_INT(scan_open(&s, '{', "an object"), -EBADMSG);
	CHECK_STR(fault.text, "expected an object");
}

/* Every proper beginning of a document is refused, at a byte that is there or at its end. */
TEST(cut_anywhere)
{
	static const char whole[] = "{\"a\":[1.5e3,\"x\\ud83d\\ude00\xc3\xa9\",null,true,{}]}";

	for (size_t n = 0; n < sizeof(whole); n++) {
		_cleanup_(arena_done) struct arena arena = { NULL, 0 };
		struct ovd_fault fault = { .offset = 0 };
		struct json_scan s =
			sample_scan((struct ovd_view){ .p = whole, .n = n }, &arena, &fault);

		CASE("%zu bytes", n);
		CHECK_INT(scan_skip(&s), n == sizeof(whole) - 1 ? 0 : -EBADMSG);
		CHECK(fault.offset <= n);
	}
}
