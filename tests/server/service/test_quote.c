/* Command lines, quoted, and taken apart again by the documented rules. */
#include "server/service/quote.h"

#include "tests/check.h"

#define ARGS_MAX 8

static const struct {
	const char *program, *arguments[ARGS_MAX], *line;
} lines[] = {
	{ "C:\\a.exe", { "--service" }, "\"C:\\a.exe\" --service" },
	{ "C:\\Program Files\\a.exe", { NULL }, "\"C:\\Program Files\\a.exe\"" },
	{ "a", { "--data-dir", "C:\\my data\\", "x" }, "\"a\" --data-dir \"C:\\my data\\\\\" x" },
	{ "a", { "C:\\data\\" }, "\"a\" C:\\data\\" },
	{ "a", { "" }, "\"a\" \"\"" },
	{ "a", { "\"" }, "\"a\" \"\\\"\"" },
	{ "a", { "\\\"" }, "\"a\" \"\\\\\\\"\"" },
	{ "a", { "\\\\ \\" }, "\"a\" \"\\\\ \\\\\"" },
	{ "a", { "a\tb", "\\\\server\\pipe" }, "\"a\" \"a\tb\" \\\\server\\pipe" },
	{ "a", { "d\303\244ta" }, "\"a\" d\303\244ta" },
};

TEST(lines)
{
	for (size_t i = 0; i < ARRAY_SIZE(lines); i++) {
		_cleanup_(buf_done) struct buf line = { .p = NULL };

		CASE("%s", lines[i].line);
		CHECK_INT(quote_line(&line, lines[i].program, lines[i].arguments), 0);
		CHECK_STR(line.p, lines[i].line);
	}
}

TEST(programs_that_are_none)
{
	_cleanup_(buf_done) struct buf line = { .p = NULL };
	const char *const none[] = { NULL };

	CHECK_INT(quote_line(&line, "", none), -EINVAL);
	CHECK_INT(quote_line(&line, "a\"b", none), -EINVAL);
}

/* One argument, as CommandLineToArgvW documents it: 2n backslashes and a quote are n and a quote
 * that opens or closes; 2n+1 are n and a quote as it is. */
static const char *next_argument(const char *p, char *out)
{
	bool in_quotes = false;

	while (*p && (in_quotes || (*p != ' ' && *p != '\t'))) {
		size_t n = strspn(p, "\\");
		bool quote = p[n] == '"';

		memset(out, '\\', quote ? n / 2 : n);
		out += quote ? n / 2 : n;
		p += n;
		if (quote && n % 2)
			*out++ = '"';
		else if (quote)
			in_quotes = !in_quotes;
		else if (n == 0)
			*out++ = *p;
		p += quote || n == 0;
	}
	*out = '\0';
	return p + strspn(p, " \t");
}

static void make_text(unsigned *seed, char text[9])
{
	static const char letters[] = "a\\\" \tb\\\"";
	size_t n = 0;

	for (; n < 8 && (*seed = *seed * 1103515245 + 12345) >> 16 & 15; n++)
		text[n] = letters[*seed >> 20 & 7];
	text[n] = '\0';
}

TEST(what_goes_in_comes_out)
{
	unsigned seed = 1;

	for (int i = 0; i < 100000; i++) {
		_cleanup_(buf_done) struct buf line = { .p = NULL };
		char texts[3][9], out[32];
		const char *arguments[] = { texts[0], texts[1], texts[2], NULL };
		const char *p;

		for (int j = 0; j < 3; j++)
			make_text(&seed, texts[j]);
		CHECK_INT(quote_line(&line, "p", arguments), 0);
		CASE("%s", line.p);
		p = line.p + strlen("\"p\" ");
		for (int j = 0; j < 3; j++) {
			p = next_argument(p, out);
			CHECK_STR(out, texts[j]);
		}
		CHECK_STR(p, "");
	}
}
