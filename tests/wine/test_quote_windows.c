/* What is quoted arrives: with Windows' own way of taking command lines apart. */
#include <windows.h>

#include <shellapi.h>

#include "runtime/wide.h"
#include "server/service/quote.h"
#include "tests/check.h"

static void make_text(unsigned *seed, char text[9])
{
	static const char letters[] = "a\\\" \tb\\\"";
	size_t n = 0;

	for (; n < 8 && (*seed = *seed * 1103515245 + 12345) >> 16 & 15; n++)
		text[n] = letters[*seed >> 20 & 7];
	text[n] = '\0';
}

static void round_trip(const char *program, const char *const arguments[4])
{
	_cleanup_(buf_done) struct buf line = { .p = NULL };
	_cleanup_(freep) wchar_t *wide = NULL;
	wchar_t **argv;
	int argc;

	CHECK_INT(quote_line(&line, program, arguments), 0);
	CASE("%s", line.p);
	wide = wide_of(line.p);
	argv = CommandLineToArgvW(wide, &argc);
	CHECK(argv);
	CHECK_INT(argc, 4);
	for (int i = 0; i < 4; i++) {
		_cleanup_(freep) char *text = wide_to_text(argv[i]);

		CHECK_STR(text, i == 0 ? program : arguments[i - 1]);
	}
	LocalFree(argv);
}

TEST(what_goes_in_comes_out)
{
	static const char *const programs[] = { "C:\\Program Files\\a b\\overlayd.exe", "C:\\a\\",
						"d\303\244mon" };
	unsigned seed = 1;

	for (int i = 0; i < 20000; i++) {
		char texts[3][9];
		const char *arguments[] = { texts[0], texts[1], texts[2], NULL };

		for (int j = 0; j < 3; j++)
			make_text(&seed, texts[j]);
		round_trip(programs[i % 3], arguments);
	}
}
