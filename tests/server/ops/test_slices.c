#include "server/ops/slices.h"

#include <string.h>

#include "tests/check.h"
#include "tests/server/ops/node.h"

struct work {
	struct slices slices;
	char name, *heard;
	unsigned left;
};

static bool slice(struct slices *s)
{
	struct work *w = CONTAINER_OF(s, struct work, slices);
	size_t n = strlen(w->heard);

	w->heard[n] = w->name;
	w->heard[n + 1] = '\0';
	return --w->left > 0;
}

/* A slice each turn of the loop, and all in turn. */
TEST(in_turn)
{
	char heard[16] = "";
	struct work a = { .name = 'a', .heard = heard, .left = 3 },
		    b = { .name = 'b', .heard = heard, .left = 2 };
	struct node n;

	node_start(&n);
	for (int again = 0; again < 2; again++) {
		heard[0] = '\0';
		a.left = 3;
		b.left = 2;
		CHECK_INT(slices_begin(&n.daemon, &a.slices, slice), 0);
		CHECK_INT(slices_begin(&n.daemon, &b.slices, slice), 0);
		CHECK_STR(heard, "");
		for (size_t i = 1; i <= 5; i++) {
			uv_run(&n.loop, UV_RUN_NOWAIT);
			CHECK_INT(strlen(heard), i);
		}
		CHECK_STR(heard, "ababa");
		uv_run(&n.loop, UV_RUN_NOWAIT);
		CHECK_STR(heard, "ababa");
		CHECK(!n.daemon.turns);
	}
	node_stop(&n);
}
