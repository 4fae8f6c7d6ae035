#include "server/guest/log_record.h"

#include <json-c/json.h>
#include <stdio.h>

#include "tests/check.h"

static const struct {
	const char *in, *want;
} rows[] = {
	{ "{\"time\":\"2026-01-31T12:00:00.5+01:00\",\"level\":\"info\",\"msg\":\"up\"}",
	  "\"time\":\"2026-01-31T12:00:00.5+01:00\",\"level\":\"info\",\"message\":\"up\"" },
	{ "{\"level\":\"fatal\",\"message\":\"down\"}",
	  "\"level\":\"error\",\"message\":\"down\"" },
	{ "{\"level\":\"PANIC\",\"msg\":\"\"}", "\"level\":\"error\",\"message\":\"\"" },
	{ "{\"level\":\"warning\",\"msg\":\"a\"}", "\"level\":\"warn\",\"message\":\"a\"" },
	{ "{\"level\":\"trace\",\"msg\":\"a\"}", "\"level\":\"debug\",\"message\":\"a\"" },
	{ "{\"level\":\"loud\",\"msg\":\"a\"}", "\"level\":\"info\",\"message\":\"a\"" },
	{ "{\"level\":{\"a\":1},\"msg\":\"a\"}", "\"level\":\"info\",\"message\":\"a\"" },
	{ "{\"Source\":\"ETW\",\"Level\":2,\"Message\":\"event\",\"msg\":\"other\"}",
	  "\"level\":\"error\",\"message\":\"event\"" },
	{ "{\"Level\":99,\"Message\":\"event\"}", "\"level\":\"info\",\"message\":\"event\"" },
	{ "{\"level\":-1,\"msg\":\"a\"}", "\"level\":\"info\",\"message\":\"a\"" },
	{ "{\"time\":12,\"msg\":\"a\"}", "\"level\":\"info\",\"message\":\"a\"" },
	{ "{\"error\":\"e\"}\n", "\"level\":\"info\",\"message\":\"{\\\"error\\\":\\\"e\\\"}\"" },
	{ "plain text\r\n", "\"level\":\"info\",\"message\":\"plain text\"" },
	{ "[1]", "\"level\":\"info\",\"message\":\"[1]\"" },
	{ "{\"msg\":\"a\"} b", "\"level\":\"info\",\"message\":\"{\\\"msg\\\":\\\"a\\\"} b\"" },
	{ "{\"msg\":\"cut", "\"level\":\"info\",\"message\":\"{\\\"msg\\\":\\\"cut\"" },
	{ "a\x1b[2J\x07\x7f"
	  "b",
	  "\"level\":\"info\",\"message\":\"a\\u001b[2J\\u0007\\u007fb\"" },
	{ "a\rb\tc\\\"", "\"level\":\"info\",\"message\":\"a\\u000db\\tc\\\\\\\"\"" },
	{ "\xc2\x9b"
	  "31m",
	  "\"level\":\"info\",\"message\":\"\\u009b31m\"" },
	{ "\xc3\xa9 \xf0\x9f\x98\x80",
	  "\"level\":\"info\",\"message\":\"\xc3\xa9 \xf0\x9f\x98\x80\"" },
	{ "\xff.\xc3", "\"level\":\"info\",\"message\":\"\xef\xbf\xbd.\xef\xbf\xbd\"" },
	{ "\xed\xa0\x80",
	  "\"level\":\"info\",\"message\":\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"" },
	{ "{\"msg\":\"\\u0000\\u001b[31mred\\nfake\"}",
	  "\"level\":\"info\",\"message\":\"\\u0000\\u001b[31mred\\nfake\"" },
	{ "{\"msg\":\"\xff\",\"time\":\"\xff\x01\"}",
	  "\"time\":\"\xef\xbf\xbd\\u0001\",\"level\":\"info\",\"message\":\"\xef\xbf\xbd\"" },
};

static void put(struct buf *to, const char *text, size_t n, bool truncated)
{
	struct ovd_view edge = check_edge(text, n, 0); /* no byte behind it is looked at */
	const struct record record = { .bytes = edge, .truncated = truncated };

	CHECK_INT(log_record_put(to, view("vsock:3"), &record), 0);
}

TEST(every_record_becomes_a_line)
{
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		_cleanup_(buf_done) struct buf line = { 0 };
		struct json_object *parsed;
		char want[512];

		CASE("%s", rows[i].in);
		put(&line, rows[i].in, strlen(rows[i].in), false);
		snprintf(want, sizeof(want), "{\"guest\":\"vsock:3\",%s}\n", rows[i].want);
		CHECK_VIEW(buf_view(&line), want);
		parsed = json_tokener_parse(line.p);
		CHECK(parsed);
		json_object_put(parsed);
	}
}

TEST(blanks_are_no_record)
{
	_cleanup_(buf_done) struct buf line = { 0 };

	put(&line, "\n", 1, false);
	put(&line, " \t\r\n", 4, false);
	put(&line, "", 0, false);
	CHECK_INT(line.n, 0);
	put(&line, "\0\n", 2, false); /* a NUL is none */
	CHECK_VIEW(buf_view(&line),
		   "{\"guest\":\"vsock:3\",\"level\":\"info\",\"message\":\"\\u0000\"}\n");
}

TEST(what_was_truncated_says_so)
{
	_cleanup_(buf_done) struct buf line = { 0 };

	put(&line, "abc", 3, true);
	CHECK_VIEW(buf_view(&line), "{\"guest\":\"vsock:3\",\"level\":\"info\",\"message\":\"abc\","
				    "\"truncated\":true}\n");
}

/* A time that is none is not copied at length. */
TEST(a_time_has_an_end)
{
	_cleanup_(buf_done) struct buf line = { 0 };
	char text[1024];

	snprintf(text, sizeof(text), "{\"time\":\"%0900d\",\"msg\":\"a\"}", 0);
	put(&line, text, strlen(text), false);
	CHECK(line.n < 200);
}

TEST(a_note_of_ours)
{
	_cleanup_(buf_done) struct buf line = { 0 };

	CHECK_INT(log_record_put_note(&line, view("a\"\n"), "suppressed 3 records"), 0);
	CHECK_VIEW(buf_view(&line), "{\"guest\":\"a\\\"\\n\",\"level\":\"warn\",\"message\":"
				    "\"suppressed 3 records\"}\n");
}
