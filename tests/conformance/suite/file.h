/* Whole files. */
#pragma once

#include <stdbool.h>

#include "runtime/buf.h"

/* Appends a file's bytes, a NUL behind them that is not counted. Negative errno. */
int file_read(const char *path, struct buf *out);

/* The next line of *rest, without its end; *rest is what follows. False at the end. */
bool file_line(struct ovd_view *rest, struct ovd_view *ret);
