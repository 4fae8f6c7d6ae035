#include "client/ctl/safe.h"

#include "tests/check.h"

static const struct {
	const char *name, *bytes, *text, *json;
} rows[] = {
	{ "nothing", "", "", "" },
	{ "plain", "web-1 ~", "web-1 ~", "web-1 ~" },
	{ "a colour", "\033[31mred", "\\x1b[31mred", "\\u001b[31mred" },
	{ "line ends", "a\nb\tc\rd", "a\\x0ab\\x09c\\x0dd", "a\nb\tc\\u000dd" },
	{ "DEL", "a\177b", "a\\x7fb", "a\\u007fb" },
	{ "CSI in one character", "\302\23331m", "\\x9b31m", "\\u009b31m" },
	{ "first and last of C1", "\302\200\302\237\302\240", "\\x80\\x9f\302\240",
	  "\\u0080\\u009f\302\240" },
	{ "letters of two to four bytes", "\303\274\342\202\254\360\237\214\231",
	  "\303\274\342\202\254\360\237\214\231", "\303\274\342\202\254\360\237\214\231" },
	{ "CSI as a byte", "\23331m", "\\x9b31m", "\\u009b31m" },
	{ "a letter cut off", "a\342\202", "a\\xe2\\x82", "a\\u00e2\\u0082" },
	{ "a letter cut by another", "\342\202b", "\\xe2\\x82b", "\\u00e2\\u0082b" },
	{ "overlong", "\300\233", "\\xc0\\x9b", "\\u00c0\\u009b" },
	{ "C1's first byte alone", "\302", "\\xc2", "\\u00c2" },
	{ "C1's first byte before a letter", "\302x", "\\xc2x", "\\u00c2x" },
	{ "beyond Unicode", "\370\210\200\200\200", "\\xf8\\x88\\x80\\x80\\x80",
	  "\\u00f8\\u0088\\u0080\\u0080\\u0080" },
};

TEST(safe)
{
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct ovd_view bytes =
			check_edge(rows[i].bytes, strlen(rows[i].bytes), 0); /* reads no further */
		_cleanup_(buf_done) struct buf text = { .p = NULL }, json = { .p = NULL };

		CASE("%s", rows[i].name);
		CHECK_INT(safe_text(&text, bytes), 0);
		CHECK_VIEW(buf_view(&text), rows[i].text);
		CHECK_INT(safe_json(&json, bytes), 0);
		CHECK_VIEW(buf_view(&json), rows[i].json);
	}
}

TEST(a_nul_is_one_of_them)
{
	_cleanup_(buf_done) struct buf text = { .p = NULL };

	CHECK_INT(safe_text(&text, (struct ovd_view){ "a\0b", 3 }), 0);
	CHECK_INT(safe_json(&text, (struct ovd_view){ "\0", 1 }), 0);
	CHECK_VIEW(buf_view(&text), "a\\x00b\\u0000");
}
