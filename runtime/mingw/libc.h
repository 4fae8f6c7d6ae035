/* What glibc has and mingw's libc lacks, in front of every file that is built for Windows. As in
 * glibc unless it says otherwise. */
#pragma once

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MIN(a, b) ((a) < (b) ? (a) : (b))
#define MAX(a, b) ((a) > (b) ? (a) : (b))

/* One number for both, as the table of codes has it; and those that are not there. */
#undef EOPNOTSUPP
#define EOPNOTSUPP ENOTSUP
#undef EWOULDBLOCK
#define EWOULDBLOCK EAGAIN
#define ESHUTDOWN   200

/* Bytes as they are, too: without it a file's line ends are changed. */
#define O_CLOEXEC (_O_NOINHERIT | _O_BINARY)

void explicit_bzero(void *p, size_t n);
void *memrchr(const void *p, int c, size_t n);
void *memmem(const void *p, size_t n, const void *wanted, size_t wanted_n);
char *strndup(const char *s, size_t n);

/* mingw's own knows only the numbers that C had in 1989. */
const char *errno_text(int number);
#define strerror(number) errno_text(number)

/* For search.h, whose trees mingw doesn't balance. */
void tdestroy(void *root, void (*free_key)(void *key));
