/* Follows a process, all its threads, from system call to system call; not the processes that it
 * starts. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define TRACE_THREADS_MAX 64

/* One call: looked at before it is made and after it. */
struct trace_call {
	pid_t tid;
	bool made;
	uint64_t nr, args[6];
	int64_t r; /* made: what it returns */
};

struct trace {
	pid_t pid;

	/* True kills the process there: a call that is not made yet is never made. */
	bool (*look)(void *arg, const struct trace_call *call);
	void *arg;
	bool ended;                                 /* filled: it is dead and waited for */
	struct trace_call calls[TRACE_THREADS_MAX]; /* own: under way; tid 0: free */
};

/* Begins with a process that runs. trace_hold makes the calling process one that waits to be traced
 * before it executes anything. */
void trace_begin(struct trace *t);
void trace_hold(void);
void trace_begin_held(struct trace *t);

/* Lets it run until it is dead or, ms after `client`, a child of ours, has ended (0: at once). The
 * client is waited for; nobody answers it any more if the process is dead: it is killed. */
void trace_run(struct trace *t, pid_t client, int ms);

/* Lets it go on alone. */
void trace_let_go(struct trace *t);

/* Kills it and waits for it; nothing if it is dead. */
void trace_kill(struct trace *t);

/* Whether the call is one that changes what outlives the process: the network, files, other
 * processes. Its log and wake-ups between its threads don't count. */
bool trace_changes(const struct trace_call *call);

/* Its name for messages, in static memory if it is none of those. */
const char *trace_name(uint64_t nr);

/* The traced thread's memory; the call is given another number, or result. */
void trace_read(const struct trace_call *call, uint64_t at, void *p, size_t n);
void trace_write(const struct trace_call *call, uint64_t at, const void *p, size_t n);
void trace_set_result(const struct trace_call *call, int64_t r);
