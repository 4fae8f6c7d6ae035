/* What check.c leaves to the system: a test in a process of its own. */
#pragma once

#include "tests/check.h"

enum { EXIT_FAIL = 1, EXIT_SKIP = 77 };

/* A test that hangs is ended after this; generous, as machines are noisy. */
#define TEST_SECONDS 120

/* Runs it and ends what it left running: its exit status, or minus the signal that ended it. */
int check_apart(const struct check_test *test);

/* Where there is no fork the test's process is this program once more: if argv says that this is
 * such a process, runs the test and does not return. */
void check_here(const struct check_test *tests, char **argv);

/* For check_copies: in how many places of bytes the turned ones are. */
size_t check_count(const uint8_t *bytes, size_t n, const uint8_t *turned, size_t length);
