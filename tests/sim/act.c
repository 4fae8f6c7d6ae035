#include "tests/sim/act.h"

#include <stdlib.h>
#include <string.h>

#include "runtime/util.h"
#include "tests/check.h"

/* How often each comes, in a thousand. */
static const struct {
	const char *name;
	unsigned weight;
} kinds[ACT_MAX_] = {
	[ACT_SETUP] = { "setup", 15 },       [ACT_TEARDOWN] = { "teardown", 4 },
	[ACT_SERVICE] = { "service", 50 },   [ACT_UNSERVICE] = { "unservice", 12 },
	[ACT_ATTACH] = { "attach", 190 },    [ACT_DETACH] = { "detach", 80 },
	[ACT_LEND] = { "lend", 30 },         [ACT_RETURN] = { "return", 25 },
	[ACT_PEER] = { "peer", 28 },         [ACT_UNPEER] = { "unpeer", 8 },
	[ACT_SYNC] = { "sync", 4 },          [ACT_ALLOW] = { "allow", 15 },
	[ACT_DISALLOW] = { "disallow", 10 }, [ACT_WORK] = { "work", 390 },
	[ACT_SETTLE] = { "settle", 80 },     [ACT_DEATH] = { "death", 30 },
	[ACT_CRASH] = { "crash", 29 },
};

/* splitmix64: Steele, Lea, Flood, "Fast splittable pseudorandom number generators", 2014. */
static uint64_t next_random(uint64_t *state)
{
	uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return z ^ z >> 31;
}

static enum act_kind random_kind(uint64_t *state)
{
	unsigned at = (unsigned)(next_random(state) % 1000);
	enum act_kind kind = 0;

	while (kind < ACT_MAX_ - 1 && at >= kinds[kind].weight)
		at -= kinds[kind++].weight;
	return kind;
}

struct act *acts_of(uint64_t seed, size_t n)
{
	struct act *acts = calloc(n, sizeof(*acts));
	uint64_t state = seed;

	CHECK(acts);
	for (size_t i = 0; i < n; i++) {
		uint64_t random = next_random(&state);

		acts[i] = (struct act){ .kind = (uint8_t)random_kind(&state),
					.who = (uint8_t)random,
					.what = (uint8_t)(random >> 8),
					.how = (uint8_t)(random >> 16) };
	}
	return acts;
}

void act_print(FILE *to, const struct act *act)
{
	fprintf(to, "%s %u %u %u\n", kinds[act->kind].name, act->who, act->what, act->how);
}

size_t acts_shrink(struct act *acts, size_t n, int (*fails)(const struct act *acts, size_t n))
{
	struct act *fewer = calloc(n, sizeof(*fewer));

	CHECK(fewer);
	for (size_t piece = n / 2; piece > 0; piece = piece > 1 ? piece / 2 : 0)
		for (size_t at = 0; at + piece <= n;) {
			memcpy(fewer, acts, at * sizeof(*acts));
			memcpy(fewer + at, acts + at + piece, (n - at - piece) * sizeof(*acts));
			if (fails(fewer, n - piece)) {
				n -= piece;
				memcpy(acts, fewer, n * sizeof(*acts));
			} else {
				at += piece;
			}
		}
	free(fewer);
	return n;
}
