/* Files by UTF-8 path, where the two systems differ. */
#pragma once

#include <stdio.h>

/* Opens a file for appending to, makes it if need be (mode 0640; on Windows as its directory says),
 * and follows no link in its last part. A descriptor for the caller to close, or negative errno. */
int file_append(const char *path);

/* Opens a file for reading, of bytes as they are; for the caller to close. NULL, and errno. */
FILE *file_open(const char *path);

/* Gives a file another name; what has that name is replaced. 0 or negative errno. */
int file_rename(const char *from, const char *to);
