/* The checks that an implementation is known to fail. */
#pragma once

#include "runtime/buf.h"
#include "tests/conformance/suite/results.h"

/* Reads a list: a check's id and, behind blanks, the reason; one a line; empty lines and those that
 * begin with # say nothing. Marks the results. 0; a negative errno of reading; -EINVAL with the
 * reason in `fault`: a line without a reason, an id twice, or one that no check has. */
int known_load(const char *path, struct results *all, struct buf *fault);
