/* A program between two pipes. */
#pragma once

#include <sys/types.h>

struct child {
	pid_t pid;
	int in;  /* its standard input: non-blocking, to write to; -1 once closed */
	int out; /* its standard output, non-blocking */
};

/* Most words of a command. */
#define CHILD_WORDS_MAX 64

/* Most words behind it. */
#define CHILD_MORE_MAX 4

/* Starts argv, found along $PATH, with `more` behind it; both are ended by NULL. It dies with this
 * process. Negative errno, exec's among them; -E2BIG. */
int child_start(const char *const *argv, const char *const *more, struct child *ret);

/* Closes the pipes and waits until it has ended; kills it after ms. Its status as of waitpid(2). */
int child_end(struct child *child, unsigned ms);
