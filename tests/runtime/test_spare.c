#include "runtime/spare.h"

#include <stdalign.h>

#include "tests/check.h"

static bool is_zero(const void *p, size_t n)
{
	const char *bytes = p;

	for (size_t i = 0; i < n; i++)
		if (bytes[i])
			return false;
	return true;
}

TEST(what_was_given_back_is_taken_first)
{
	static const struct {
		size_t given, taken;
		bool same;
	} cases[] = {
		{ 1, 24, true },     { 24, 25, false },      { 25, 40, true },
		{ 40, 41, false },   { 57, 56, false },      { 100, 89, true },
		{ 88, 57, true },    { 120, 121, false },    { 121, 184, true },
		{ 184, 185, false }, { 12281, 16376, true }, { 16376, 12280, false },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct spare s = { 0 };
		char *first = spare_take(&s, cases[i].given), *second;

		CASE("%zu, then %zu", cases[i].given, cases[i].taken);
		CHECK(first && is_zero(first, cases[i].given));
		memset(first, 0xff, cases[i].given);
		spare_give(&s, first, cases[i].given);
		second = spare_take(&s, cases[i].taken);
		CHECK_INT(second == first, cases[i].same);
		CHECK(is_zero(second, cases[i].taken));
		CHECK_INT((uintptr_t)second % alignof(max_align_t), 0);
		spare_give(&s, second, cases[i].taken);
		spare_done(&s);
		CHECK(is_zero(&s, sizeof(s)));
	}
}

/* Each twice the one before the last. */
TEST(so_much_is_kept)
{
	size_t size = 24, before = 16;
	static void *taken[2048];
	size_t most = 0;
	struct spare s = { 0 };

	for (size_t i = 0; i < SPARE_SIZES; i++) {
		size_t next = 2 * before + 8;

		CASE("%zu bytes", size);
		for (size_t k = 0; k < ARRAY_SIZE(taken); k++)
			CHECK(taken[k] = spare_take(&s, size));
		for (size_t k = 0; k < ARRAY_SIZE(taken); k++)
			spare_give(&s, taken[k], size);
		CHECK_INT(s.lists[i].n, SPARE_KEPT_MAX / size);
		most += s.lists[i].n * size;
		before = size;
		size = next;
	}
	CHECK_INT(before, 16376);
	CHECK(most <= 304 * 1024);
	spare_done(&s);
}

TEST(too_large_to_be_kept)
{
	struct spare s = { 0 };
	char *p = spare_take(&s, 16377);

	CHECK(is_zero(p, 16377));
	spare_give(&s, p, 16377);
	CHECK(is_zero(&s, sizeof(s)));
	spare_give(&s, NULL, 8);
	CHECK(is_zero(&s, sizeof(s)));
}
