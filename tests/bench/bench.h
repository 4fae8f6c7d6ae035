/* Two ways to do one thing, measured side by side: pinned to one CPU, interleaved, so that what
 * disturbs one disturbs the other. */
#pragma once

#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

struct bench_side {
	const char *name;
	void (*run)(void *arg); /* one round */
	void *arg;
	unsigned per_round; /* how many operations a round is */
};

/* Pins the process to the CPU it is on, its children too. */
void bench_pin(void);

/* The process's first thread has the CPU before all of a lower priority, which is 2 at least; its
 * other threads are one below. */
void bench_prefer(pid_t pid, int priority);

/* Runs rounds in turn; ret_medians[side] is in nanoseconds per operation. 4 sides and 4,096 rounds
 * at most. */
void bench_measure(const struct bench_side *sides, unsigned n, unsigned rounds,
		   double *ret_medians);

/* The same; prints the medians and the ratio of the first to each of the others. */
void bench_compare(const char *title, const struct bench_side *sides, unsigned n, unsigned rounds,
		   double *ret_medians);

/* A part of docs/bench.md, $B/bench/NAME, for make bench-docs; else the program ends. */
FILE *bench_page(const char *name);

uint64_t bench_now(void);

/* A connection to who listens there, or will within 2 s; else the program ends. */
int bench_connect(const char *path);
