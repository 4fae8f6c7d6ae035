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
		{ 1, 24, true },       { 24, 25, false },     { 25, 56, true },  { 57, 56, false },
		{ 8185, 16376, true }, { 16376, 9000, true }, { 100, 65, true }, { 64, 57, true },
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

TEST(so_much_is_kept)
{
	static void *taken[2048];
	size_t most = 0;
	struct spare s = { 0 };

	for (size_t n = 24; n <= 16376; n = 2 * n + 8) {
		CASE("%zu bytes", n);
		for (size_t i = 0; i < ARRAY_SIZE(taken); i++)
			CHECK(taken[i] = spare_take(&s, n));
		for (size_t i = 0; i < ARRAY_SIZE(taken); i++)
			spare_give(&s, taken[i], n);
	}
	for (size_t i = 0; i < SPARE_SIZES; i++) {
		size_t size = ((size_t)32 << i) - 8;

		CHECK_INT(s.lists[i].n, SPARE_KEPT_MAX / size);
		most += s.lists[i].n * size;
	}
	CHECK(most <= 320 * 1024);
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
