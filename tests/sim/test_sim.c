/* Random acts against what must hold. SEED and N in the environment choose others, and more. */
#include "tests/sim/sim.h"

#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "runtime/number.h"
#include "tests/check.h"

#if defined(__SANITIZE_ADDRESS__)
#define ACTS 100000 /* it takes ten times as long */
#else
#define ACTS 1000000
#endif
#define ACTS_PER_SEED 2000

static uint64_t number_of(const char *name, uint64_t otherwise)
{
	const char *text = getenv(name);
	uint64_t value;

	return text && u64_parse(view(text), UINT64_MAX, &value) == 0 ? value : otherwise;
}

static void run(const struct act *acts, size_t n)
{
	struct sim s;

	sim_init(&s);
	for (size_t i = 0; i < n; i++) {
		CASE("act %zu", i);
		sim_act(&s, &acts[i]);
		sim_check(&s);
	}
	sim_act(&s, &(struct act){ .kind = ACT_SETTLE });
	sim_check(&s);
	sim_act(&s, &(struct act){ .kind = ACT_CRASH });
	sim_check(&s);
	sim_done(&s);
}

static int fails(const struct act *acts, size_t n)
{
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		if (!freopen("/dev/null", "w", stdout))
			_exit(1);
		run(acts, n);
		_exit(0);
	}
	CHECK_INT(waitpid(pid, &status, 0), pid);
	return status != 0;
}

static void tell(uint64_t seed, struct act *acts, size_t n)
{
	n = acts_shrink(acts, n, fails);
	printf("\nseed %llu fails after these acts:\n", (unsigned long long)seed);
	for (size_t i = 0; i < n; i++)
		act_print(stdout, &acts[i]);
	fflush(stdout);
	run(acts, n);
}

TEST(what_must_hold_holds)
{
	uint64_t first = number_of("SEED", 1), n = number_of("N", ACTS);

	for (uint64_t seed = first; seed < first + (n + ACTS_PER_SEED - 1) / ACTS_PER_SEED;
	     seed++) {
		struct act *acts = acts_of(seed, ACTS_PER_SEED);

		if (fails(acts, ACTS_PER_SEED))
			tell(seed, acts, ACTS_PER_SEED);
		free(acts);
	}
}
