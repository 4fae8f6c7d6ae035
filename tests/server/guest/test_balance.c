#include "server/guest/balance.h"

#include <stdio.h>

#include "tests/check.h"

/* Feeds what stands behind the opening brace: how many bytes it took, and the verdict. */
static enum balance_verdict feed(const char *text, size_t *ret_n)
{
	enum balance_verdict verdict = BALANCE_MORE;
	struct balance b;
	size_t i = 0;

	balance_begin(&b);
	while (text[1 + i] && verdict == BALANCE_MORE)
		verdict = balance_feed(&b, text[1 + i++]);
	*ret_n = i + 1;
	return verdict;
}

TEST(objects_end_at_their_brace)
{
	static const char *const texts[] = {
		"{}",
		"{ \r\n\t}",
		"{\"a\":1}",
		"{\"a\" : -1.5e+3 , \"b\":true}",
		"{\"a\":\"}\"}",
		"{\"a\":\"\\\"}\\\\\"}",
		"{\"\\\"{\":{}}",
		"{\"a\":[1,[],[{}],{\"b\":[null , 2 ]}]}",
		"{\"a\":\"\xff\xc3\xa9\"}",
	};
	size_t n;

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		char more[128];

		CASE("%s", texts[i]);
		snprintf(more, sizeof(more), "%s}}", texts[i]);
		CHECK_INT(feed(more, &n), BALANCE_DONE);
		CHECK_INT(n, strlen(texts[i]));
	}
}

/* The last byte of each is the one that can't be. */
TEST(what_is_none_is_soon_seen)
{
	static const char *const texts[] = {
		"{o",          "{{",          "{]",
		"{,",          "{\"a\"}",     "{\"a\",",
		"{\"a\":}",    "{\"a\":,",    "{\"a\":1]",
		"{\"a\":[1}",  "{\"a\":1,}",  "{\"a\":[1,]",
		"{\"a\":1 2",  "{\"a\":\"\n", "{\"a\n",
		"{\"a\":1\"",  "{\"a\":]",    "{\"a\"\"",
		"{\"a\":{\n{", "{\"a\":X",    "{\"a\":\"\\\n",
		"{\"a\":1:",
	};
	size_t n;

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		char more[64];

		CASE("%s", texts[i]);
		snprintf(more, sizeof(more), "%s}}", texts[i]);
		CHECK_INT(feed(more, &n), BALANCE_BAD);
		CHECK_INT(n, strlen(texts[i]));
	}
}

TEST(depth_has_an_end)
{
	char text[256] = "{\"a\":";
	size_t n;

	memset(text + 5, '[', BALANCE_DEPTH - 1);
	memset(text + 5 + BALANCE_DEPTH - 1, ']', BALANCE_DEPTH - 1);
	strcpy(text + 5 + 2 * (BALANCE_DEPTH - 1), "}");
	CHECK_INT(feed(text, &n), BALANCE_DONE);
	memset(text + 5, '[', BALANCE_DEPTH);
	CHECK_INT(feed(text, &n), BALANCE_BAD);
	CHECK_INT(n, 5 + BALANCE_DEPTH);
}
