#include "runtime/view.h"

#include <stdio.h>

#include "tests/check.h"

TEST(view)
{
	char text[16];

	CHECK_INT(view("abc").n, 3);
	CHECK(view("").p && view("").n == 0);
	CHECK(!view(NULL).p && view(NULL).n == 0);
	CHECK_INT(VIEW_LITERAL("a\0b").n, 3);
	snprintf(text, sizeof(text), "<%.*s>", VIEW(((struct ovd_view){ .p = "abcdef", .n = 3 })));
	CHECK_STR(text, "<abc>");
}

TEST(eq)
{
	const struct ovd_view absent = { .p = NULL, .n = 0 };

	CHECK(view_eq(view("abc"), (struct ovd_view){ .p = "abcd", .n = 3 }));
	CHECK(!view_eq(view("abc"), view("abd")));
	CHECK(!view_eq(view("abc"), view("ab")));
	CHECK(!view_eq(VIEW_LITERAL("a\0b"), VIEW_LITERAL("a\0c")));
	CHECK(view_eq(view(""), VIEW_LITERAL("")));
	CHECK(view_eq(absent, absent));
	CHECK(!view_eq(absent, view("")) && !view_eq(view(""), absent));
}
