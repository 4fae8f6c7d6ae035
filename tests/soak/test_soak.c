/* Random acts for T seconds, half of them against a daemon that is killed at random moments, half
 * against one that lives on; SEED chooses the acts. After each stretch of them list, kernel and
 * stores must say what the clients believe; from time to time all is taken back, and then host,
 * files, addresses and descriptors are as at first. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "runtime/number.h"
#include "tests/crash/state.h"
#include "tests/soak/soak.h"

#define SECONDS   10  /* of both together, where T doesn't say */
#define STRETCH   40  /* acts */
#define STRETCHES 3   /* until all is taken back */
#define WARM      60  /* seconds at most, a quarter of all otherwise */
#define NODE_MAX  100 /* more than are in a block */
#define ROOM_KIB  256 /* by which resident memory may differ: pages of the stores come and go */

static uint64_t number_of(const char *name, uint64_t otherwise)
{
	const char *text = getenv(name);
	uint64_t value;

	return text && u64_parse(view(text), UINT64_MAX, &value) == 0 ? value : otherwise;
}

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static long rss(const struct soak *s)
{
	struct test_daemon d = { .pid = s->scene.pid };

	return daemon_rss(&d);
}

/* How many addresses of the node's own block can be had. */
static unsigned node_free(struct soak *s)
{
	char ips[NODE_MAX][sizeof(s->scene.ip)];
	unsigned n = 0;

	for (bool more = true; more;) {
		_cleanup_(freep) char *answer = scene_ask(
			&s->scene,
			"{\"op\":\"allocate_ip\",\"service\":\"nobody\",\"join_global\":false}");

		more = answer_is_good(answer);
		CHECK(n < NODE_MAX);
		if (more)
			memcpy(ips[n++], s->scene.ip, sizeof(s->scene.ip));
	}
	for (unsigned i = 0; i < n; i++) {
		memcpy(s->scene.ip, ips[i], sizeof(s->scene.ip));
		scene_must(&s->scene, "{\"op\":\"release_ip\",\"ip\":\"%s\"}");
	}
	return n;
}

/* Acts, and all that they have led to is as wanted; then everything is taken back. */
static void stretches(struct soak *s, uint64_t seed, uint64_t *random, bool kills)
{
	for (unsigned i = 0; i < STRETCH * STRETCHES; i++) {
		struct act act = act_next(random, kills);

		CASE("seed %llu, act %u of %016llx: %s %u %u %u%s", (unsigned long long)seed, i,
		     (unsigned long long)*random, act_kind_name(act.kind), act.who, act.what,
		     act.how, act.is_killed ? " killed" : "");
		if (getenv("TEST_LOUD"))
			fprintf(stderr, "%s %u %u %u %d\n", act_kind_name(act.kind), act.who,
				act.what, act.how, act.is_killed);
		soak_act(s, &act);
		if (i % STRETCH == STRETCH - 1)
			soak_settle(s);
	}
	CASE("seed %llu, behind act of %016llx", (unsigned long long)seed,
	     (unsigned long long)*random);
	soak_clear(s);
}

static void tell(const struct soak *s)
{
	for (unsigned i = 0; i < ACT_REQUEST_MAX_; i++) {
		if (getenv("T"))
			fprintf(stderr, "%s %u/%u ", act_kind_name(i), s->good[i], s->asked[i]);
		CHECK(s->good[i] > 0 || s->asked[i] < 40);
	}
}

static void soak(bool kills)
{
	uint64_t seed = number_of("SEED", (uint64_t)time(NULL) / 86400), random = seed;
	uint64_t seconds = number_of("T", SECONDS) / 2;
	double begin, warm = MIN(WARM, (double)seconds / 4);
	struct state first;
	unsigned n_free;
	long kib = 0;
	struct soak s;

	alarm((unsigned)seconds + 60);
	begin = now();
	fprintf(stderr, "SEED=%llu ", (unsigned long long)seed);
	soak_enter(&s);
	stretches(&s, seed, &random, false);
	first = state_of(&s.scene);
	n_free = node_free(&s);
	CHECK(n_free > 0);
	do {
		stretches(&s, seed, &random, kills);
		state_settle(&s.scene, &first, 1);
		state_check_rest(&s.scene, &first);
		CHECK_INT(node_free(&s), n_free);
		if (!kib && now() - begin >= warm)
			kib = rss(&s);
	} while (now() - begin < (double)seconds);
	tell(&s);
	fprintf(stderr, "resident %ld KiB, then %ld KiB ", kib, rss(&s));
	if (!sanitized())
		CHECK(labs(rss(&s) - kib) <= ROOM_KIB);
	state_done(&first);
	soak_leave(&s);
}

TEST(killed_at_any_moment)
{
	soak(true);
}

TEST(one_life)
{
	soak(false);
}
