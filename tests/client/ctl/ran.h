/* The program build/bin/overlayctl, run. */
#pragma once

#define OUTPUT_MAX 32768

/* How it ended and what it said. */
struct ran {
	int status;
	char out[OUTPUT_MAX], err[OUTPUT_MAX];
};

/* Runs it with this on standard input; words end with NULL. Good until the next run. */
struct ran *run_with(const char *input, const char *const *words);

#define RUN(...) run_with("", (const char *const[]){ __VA_ARGS__, NULL })

void check_ran(const struct ran *ran, int status, const char *out, const char *err);

/* The pieces: a file without name that holds a text; the program in this process, with these
 * descriptors; what a file holds. */
int scratch(const char *text);
void run_program(const char *const *argv, int in, int out, int err);
void read_all(int fd, char text[OUTPUT_MAX]);
