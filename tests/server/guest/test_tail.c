#include "server/guest/tail.h"

#include <stdio.h>
#include <stdlib.h>

#include "tests/check.h"

static void put(struct tail *t, const char *text)
{
	tail_put(t, view(text));
}

static void check_tail(const struct tail *t, size_t n, const char *want)
{
	char text[256];

	CHECK_VIEW(((struct ovd_view){ text, tail_copy(t, text, n) }), want);
}

TEST(the_end_is_kept)
{
	struct tail t;

	CHECK_INT(tail_init(&t, 10), 0);
	check_tail(&t, 10, "");
	put(&t, "one\n");
	check_tail(&t, 10, "one\n");
	put(&t, "two\n");
	check_tail(&t, 10, "one\ntwo\n");
	check_tail(&t, 5, "two\n"); /* whole lines */
	put(&t, "3\n");
	check_tail(&t, 10, "two\n3\n"); /* nobody knows whether the first is whole */
	put(&t, "four\n");
	check_tail(&t, 10, "3\nfour\n");
	put(&t, "a line that is longer\n");
	check_tail(&t, 10, "is longer\n");
	check_tail(&t, 3, "er\n");
	put(&t, "x");
	check_tail(&t, 10, "x");
	check_tail(&t, 0, "");
	tail_done(&t);
}

TEST(none_is_nothing)
{
	struct tail t;

	CHECK_INT(tail_init(&t, 0), 0);
	put(&t, "one\n");
	check_tail(&t, 10, "");
	tail_done(&t);
}

/* Against all that was put. */
TEST(it_is_the_end_of_all_that_was_put)
{
	char all[4096], text[64];
	size_t n = 0;
	struct tail t;

	srand(3);
	CHECK_INT(tail_init(&t, 37), 0);
	while (n < sizeof(all) - 64) {
		size_t piece = (size_t)rand() % 50, got;

		for (size_t i = 0; i < piece; i++)
			all[n + i] = rand() % 9 ? 'a' + (char)(rand() % 26) : '\n';
		tail_put(&t, (struct ovd_view){ all + n, piece });
		n += piece;
		got = tail_copy(&t, text, (size_t)rand() % 64);
		CHECK(got <= 37 && got <= n);
		CHECK_BYTES(text, all + n - got, got);
	}
	tail_done(&t);
}
