#include "tests/soak/act.h"

/* Acts out of 256. */
static const struct {
	const char *name;
	unsigned share;
} kinds[ACT_MAX_] = {
	[ACT_SETUP] = { "setup", 8 },      [ACT_TEARDOWN] = { "teardown", 2 },
	[ACT_SERVICE] = { "service", 24 }, [ACT_UNSERVICE] = { "unservice", 10 },
	[ACT_ATTACH] = { "attach", 66 },   [ACT_DETACH] = { "detach", 32 },
	[ACT_LEND] = { "lend", 14 },       [ACT_RETURN] = { "return", 12 },
	[ACT_PEER] = { "peer", 16 },       [ACT_UNPEER] = { "unpeer", 8 },
	[ACT_ALLOW] = { "allow", 12 },     [ACT_DISALLOW] = { "disallow", 8 },
	[ACT_SYNC] = { "sync", 14 },       [ACT_PRUNE] = { "prune", 4 },
	[ACT_NUMBER] = { "number", 4 },    [ACT_UNINSTALL] = { "uninstall", 1 },
	[ACT_DEATH] = { "death", 12 },     [ACT_KILL] = { "kill", 3 },
	[ACT_STOP] = { "stop", 4 },        [ACT_DEVICE_DEATH] = { "device death", 2 },
};

#define KILLED_SHARE 12   /* requests out of 256 */
#define LONGEST_US   2000 /* most are answered by then */

const char *act_kind_name(enum act_kind kind)
{
	return kinds[kind].name;
}

/* splitmix64: Steele, Lea, Flood, "Fast splittable pseudorandom number generators", 2014. */
static uint64_t next(uint64_t *state)
{
	uint64_t z = *state += 0x9e3779b97f4a7c15;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return z ^ z >> 31;
}

static enum act_kind kind_of(unsigned n)
{
	enum act_kind kind = ACT_SETUP;

	while (n >= kinds[kind].share)
		n -= kinds[kind++].share;
	return kind;
}

struct act act_next(uint64_t *state, bool kills)
{
	uint64_t r = next(state);
	struct act act = {
		.kind = kind_of((unsigned)(r & 0xff)),
		.who = (uint8_t)(r >> 8),
		.what = (uint8_t)(r >> 16),
		.how = (uint8_t)(r >> 24),
		.after_us = (unsigned)(r >> 40) % LONGEST_US,
	};

	act.is_killed = kills && act.kind < ACT_REQUEST_MAX_ && (r >> 32 & 0xff) < KILLED_SHARE;
	if (!kills && (act.kind == ACT_KILL || act.kind == ACT_STOP || act.kind == ACT_UNINSTALL))
		act.kind = ACT_DETACH;
	return act;
}
