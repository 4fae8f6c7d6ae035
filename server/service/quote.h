/* Command lines of Windows: one text, taken apart by each program itself, as CommandLineToArgvW
 * does: quotes keep blanks together, and backslashes mean something in front of a quote alone. */
#pragma once

#include "runtime/buf.h"

/* Appends program and arguments (NULL at the end) so that they arrive as they are; a zero that is
 * not counted follows. The program's path is always in quotes: without them C:\Program Files\x.exe
 * may run C:\Program.exe. -EINVAL for a program that is empty or has a quote in it, which no path
 * has; -ENOMEM. */
int quote_line(struct buf *line, const char *program, const char *const *arguments);
