#include <stdio.h>

#include "runtime/json_scan.h"
#include "tests/check.h"
#include "tests/runtime/sample.h"

static const struct {
	const char *text;
	const char *value; /* NULL: refused */
	size_t at;         /* of the fault */
	const char *why;
} strings[] = {
	{ "\"\"", "", 0, NULL },
	{ "\"a b/c\x7f\"", "a b/c\x7f", 0, NULL },
	{ "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", "\"\\/\b\f\n\r\t", 0, NULL },
	{ "\"\\u0041\\u00e9\\u20AC\\ud83d\\ude00\"", "A\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80", 0,
	  NULL },
	{ "\"\\u007f\\u0080\\u07ff\\u0800\\uffff\"", "\x7f\xc2\x80\xdf\xbf\xe0\xa0\x80\xef\xbf\xbf",
	  0, NULL },
	{ "\"\\ud800\\udc00\\udbff\\udfff\"", "\xf0\x90\x80\x80\xf4\x8f\xbf\xbf", 0, NULL },
	{ "\"\\ud7ff\\ue000\"", "\xed\x9f\xbf\xee\x80\x80", 0, NULL },
	{ "\"\\\\u0000\"", "\\u0000", 0, NULL },

	{ "\"ab\\ud800\"", NULL, 3, "lone surrogate" },
	{ "\"\\ud800x\"", NULL, 1, "lone surrogate" },
	{ "\"\\ud800\\n\"", NULL, 1, "lone surrogate" },
	{ "\"\\ud800\\u0041\"", NULL, 1, "lone surrogate" },
	{ "\"\\ud800\\ud800\\udc00\"", NULL, 1, "lone surrogate" },
	{ "\"\\udc00\"", NULL, 1, "lone surrogate" },
	{ "\"\\ud800\\udc0\"", NULL, 1, "lone surrogate" },
	{ "\"a\\u0000\"", NULL, 2, "NUL" },
	{ "\"\\u00g0\"", NULL, 1, "hex digits" },
	{ "\"\\u 041\"", NULL, 1, "hex digits" },
	{ "\"\\u+041\"", NULL, 1, "hex digits" },
	{ "\"\\u004\"", NULL, 1, "hex digits" },
	{ "\"\\U0041\"", NULL, 1, "bad escape" },
	{ "\"\\x41\"", NULL, 1, "bad escape" },
	{ "\"\\'\"", NULL, 1, "bad escape" },
	{ "\"abc\\", NULL, 4, "bad escape" },
	{ "\"a\tb\"", NULL, 2, "control character" },
	{ "\"\\n\n\"", NULL, 3, "control character" },
	{ "\"\x1f\"", NULL, 1, "control character" },
	{ "\"abc", NULL, 4, "the document ends" },
	{ "\"a\\n", NULL, 4, "the document ends" },
	{ "\"", NULL, 1, "the document ends" },
	{ "a", NULL, 0, "expected a word" },
	{ "", NULL, 0, "expected a word" },

	/* UTF-8, RFC 3629: shortest forms, no surrogates, nothing above 10ffff, nothing cut */
	{ "\"\xc2\x80\xdf\xbf\xe0\xa0\x80\xed\x9f\xbf\xee\x80\x80\xef\xbf\xbf\xf0\x90\x80\x80\xf4"
	  "\x8f"
	  "\xbf\xbf\"",
	  "\xc2\x80\xdf\xbf\xe0\xa0\x80\xed\x9f\xbf\xee\x80\x80\xef\xbf\xbf\xf0\x90\x80\x80\xf4\x8f"
	  "\xbf\xbf",
	  0, NULL },
	{ "\"\x80\"", NULL, 1, "not UTF-8" },
	{ "\"\xbf\"", NULL, 1, "not UTF-8" },
	{ "\"a\xc0\x80\"", NULL, 2, "not UTF-8" },
	{ "\"\xc1\xbf\"", NULL, 1, "not UTF-8" },
	{ "\"\xc2\"", NULL, 1, "not UTF-8" },
	{ "\"\xc2\xc2\x80\"", NULL, 1, "not UTF-8" },
	{ "\"\xe0\x9f\xbf\"", NULL, 1, "not UTF-8" },
	{ "\"\xe2\x82\"", NULL, 1, "not UTF-8" },
	{ "\"\xe2\x82", NULL, 1, "not UTF-8" },
	{ "\"\xed\xa0\x80\"", NULL, 1, "not UTF-8" },
	{ "\"\xed\xbf\xbf\"", NULL, 1, "not UTF-8" },
	{ "\"\xf0\x8f\xbf\xbf\"", NULL, 1, "not UTF-8" },
	{ "\"\xf0\x9f\x98\"", NULL, 1, "not UTF-8" },
	{ "\"\xf4\x90\x80\x80\"", NULL, 1, "not UTF-8" },
	{ "\"\xf5\x80\x80\x80\"", NULL, 1, "not UTF-8" },
	{ "\"\xff\"", NULL, 1, "not UTF-8" },
	{ "\"\\n\xff\"", NULL, 3, "not UTF-8" },
};

TEST(strings)
{
	for (size_t i = 0; i < ARRAY_SIZE(strings); i++) {
		_cleanup_(arena_done) struct arena arena = { NULL, 0 };
		struct ovd_fault fault;
		struct json_scan s = sample_scan(view(strings[i].text), &arena, &fault);
		struct ovd_view value = { .p = NULL, .n = 0 };

		CASE("%s", strings[i].text);
		CHECK_INT(scan_string(&s, "a word", &value), strings[i].value ? 0 : -EBADMSG);
		if (strings[i].value) {
			CHECK_VIEW(value, strings[i].value);
			CHECK_INT(s.p - s.start, strlen(strings[i].text));
		} else {
			CHECK_INT(fault.offset, strings[i].at);
			if (!strstr(fault.text, strings[i].why))
				CHECK_STR(fault.text, strings[i].why);
		}
	}
}

/* A text without escapes is the body's own bytes; one with them is a copy. */
TEST(views)
{
	_cleanup_(arena_done) struct arena arena = { NULL, 0 };
	struct ovd_fault fault;
	struct json_scan s = sample_scan(VIEW_LITERAL("\"plain\""), NULL, &fault);
	struct ovd_view value;

	CHECK_INT(scan_string(&s, "a word", &value), 0);
	CHECK(value.p == s.start + 1);
	s = sample_scan(VIEW_LITERAL("\"es\\tcaped\""), &arena, &fault);
	CHECK_INT(scan_string(&s, "a word", &value), 0);
	CHECK_VIEW(value, "es\tcaped");
	CHECK(value.p < s.start || value.p > s.p);
}

/* What stops the reader lies at each place of its blocks, in texts of any length. */
TEST(each_offset)
{
	static const struct {
		const char *text, *value; /* value NULL: refused there */
	} odd[] = {
		{ "\\n", "\n" },
		{ "\\u00e9", "\xc3\xa9" },
		{ "\xc3\xa9", "\xc3\xa9" },
		{ "\xe2\x82\xac", "\xe2\x82\xac" },
		{ "\\ud83d\\ude00", "\xf0\x9f\x98\x80" },
		{ "\x01", NULL },
		{ "\x1f", NULL },
		{ "\xff", NULL },
		{ "\\x", NULL },
		{ "\\u0000", NULL },
		{ "\\udfff", NULL },
	};

	for (size_t i = 0; i < ARRAY_SIZE(odd); i++)
		for (int before = 0; before < 36; before++)
			for (int behind = 0; behind < 20; behind++) {
				_cleanup_(arena_done) struct arena arena = { NULL, 0 };
				struct ovd_fault fault;
				char text[96], want[96];
				struct json_scan s;
				struct ovd_view value;

				CASE("%s, %d before, %d behind", odd[i].text, before, behind);
				snprintf(text, sizeof(text), "\"%.*s%s%.*s\"", before,
					 "abcdefghijklmnopqrstuvwxyz0123456789", odd[i].text,
					 behind, "ABCDEFGHIJKLMNOPQRST");
				s = sample_scan(view(text), &arena, &fault);
				if (!odd[i].value) {
					CHECK_INT(scan_string(&s, "a word", &value), -EBADMSG);
					CHECK_INT(fault.offset, before + 1);
					continue;
				}
				snprintf(want, sizeof(want), "%.*s%s%.*s", before,
					 "abcdefghijklmnopqrstuvwxyz0123456789", odd[i].value,
					 behind, "ABCDEFGHIJKLMNOPQRST");
				CHECK_INT(scan_string(&s, "a word", &value), 0);
				CHECK_VIEW(value, want);
				CHECK_INT(*s.p, '\0');
			}
}

/* A NUL inside the body is no end of it. */
TEST(nul)
{
	struct ovd_fault fault;
	struct json_scan s =
		sample_scan((struct ovd_view){ .p = "\"ab\0cd\"", .n = 7 }, NULL, &fault);
	struct ovd_view value;

	CHECK_INT(scan_string(&s, "a word", &value), -EBADMSG);
	CHECK_INT(fault.offset, 3);
}
