#include "tests/bench/bench.h"

#include <dirent.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "runtime/number.h"
#include "runtime/stream_unix.h"

#define SIDES_MAX  4
#define ROUNDS_MAX 4096

uint64_t bench_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

void bench_prefer(pid_t pid, int priority)
{
	char path[32];
	DIR *threads;

	snprintf(path, sizeof(path), "/proc/%d/task", (int)pid);
	threads = opendir(path);
	for (struct dirent *d; threads && (d = readdir(threads));) {
		uint64_t tid;

		if (u64_parse(view(d->d_name), INT32_MAX, &tid) == 0)
			sched_setscheduler(
				(pid_t)tid, SCHED_FIFO,
				&(struct sched_param){ .sched_priority =
							       priority - ((pid_t)tid != pid) });
	}
	if (threads)
		closedir(threads);
}

void bench_pin(void)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(sched_getcpu(), &set);
	sched_setaffinity(0, sizeof(set), &set);
}

static int compare(const void *a, const void *b)
{
	const double *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static double run_once(const struct bench_side *side)
{
	uint64_t start = bench_now();

	side->run(side->arg);
	return (double)(bench_now() - start) / side->per_round;
}

void bench_measure(const struct bench_side *sides, unsigned n, unsigned rounds, double *ret_medians)
{
	static double times[SIDES_MAX][ROUNDS_MAX];

	for (unsigned i = 0; i < rounds / 10 + 1; i++)
		for (unsigned s = 0; s < n; s++)
			run_once(&sides[s]);
	for (unsigned i = 0; i < rounds; i++)
		for (unsigned s = 0; s < n; s++)
			times[s][i] = run_once(&sides[s]);
	for (unsigned s = 0; s < n; s++) {
		qsort(times[s], rounds, sizeof(double), compare);
		ret_medians[s] = times[s][rounds / 2];
	}
}

void bench_compare(const char *title, const struct bench_side *sides, unsigned n, unsigned rounds,
		   double *ret_medians)
{
	const double *medians = ret_medians;

	bench_measure(sides, n, rounds, ret_medians);
	printf("%-28s", title);
	for (unsigned s = 0; s < n; s++)
		printf("  %s %.0f ns", sides[s].name, medians[s]);
	for (unsigned s = 1; s < n; s++)
		printf("  %s/%s %.2f", sides[0].name, sides[s].name, medians[0] / medians[s]);
	printf("\n");
}

FILE *bench_page(const char *name)
{
	const char *build = getenv("B");
	char path[256];
	FILE *file;

	snprintf(path, sizeof(path), "%s/bench", build ? build : "build");
	mkdir(path, 0755);
	snprintf(path, sizeof(path), "%s/bench/%s", build ? build : "build", name);
	file = fopen(path, "we");
	if (!file) {
		perror(path);
		exit(1);
	}
	setvbuf(file, NULL, _IOLBF, 0); /* before a fork would copy what is not written yet */
	return file;
}

int bench_connect(const char *path)
{
	for (int i = 0; i < 20000; i++) {
		int fd = stream_connect(path);

		if (fd >= 0)
			return fd;
		usleep(100);
	}
	fprintf(stderr, "nobody listens at %s\n", path);
	exit(1);
}
