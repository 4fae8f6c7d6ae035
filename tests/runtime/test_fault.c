#include "runtime/fault.h"

#include <errno.h>

#include "tests/check.h"

TEST(path_from_the_inside_out)
{
	struct ovd_fault f;
	char text[FAULT_LINE_MAX];

	CHECK_INT(fault_set(&f, 118, "expected %s", "a string"), -EBADMSG);
	CHECK_STR(fault_text(&f, text), "expected a string (byte 118)");
	fault_in_item(&f, 3);
	fault_in_key(&f, VIEW_LITERAL("stun_servers"));
	fault_in_key(&f, VIEW_LITERAL("nat"));
	CHECK_STR(fault_text(&f, text), "nat.stun_servers[3]: expected a string (byte 118)");
}

TEST(what_is_quoted_steers_no_terminal)
{
	struct ovd_fault f;

	fault_set(&f, 0, "unknown: %s", "\033[2J\n");
	CHECK_STR(f.text, "unknown: ?[2J?");
}

TEST(long_paths_lose_their_tail)
{
	struct ovd_fault f;

	fault_set(&f, 0, "x");
	for (int i = 0; i < 100; i++)
		fault_in_key(&f, VIEW_LITERAL("abcdefgh"));
	CHECK_INT(strlen(f.path), FAULT_PATH_MAX - 1);
	CHECK(strncmp(f.path, "abcdefgh.abcdefgh.", 18) == 0);
}

TEST(a_quoted_text_is_cut_between_characters)
{
	static const char euro[] = "\u20ac";
	struct ovd_fault f;

	for (int n = 0; n <= 3; n++) {
		CASE("%d bytes of three", n);
		fault_set(&f, 0, "unknown: \u20ac%.*s", n, euro);
		CHECK_STR(f.text, n < 3 ? "unknown: \u20ac" : "unknown: \u20ac\u20ac");
	}
	fault_set(&f, 0, "%.*s", 3, "\U0001f600");
	CHECK_STR(f.text, "");
	fault_set(&f, 0, "%s", "\U0001f600");
	CHECK_STR(f.text, "\U0001f600");
}
