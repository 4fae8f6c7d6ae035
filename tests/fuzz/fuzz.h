/* What fuzz targets share. A target is one LLVMFuzzerTestOneInput: libFuzzer calls it in a build
 * for fuzzing, replay_main.c in all others. It keeps nothing from one call to the next. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "runtime/view.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

/* What must hold for every input. Otherwise the process is aborted, with the place and the
 * condition on standard error. */
#define MUST(condition)                                                                            \
	((condition) ? (void)0 : fuzz_fail(__FILE__, __LINE__, #condition " does not hold"))

_Noreturn void fuzz_fail(const char *file, int line, const char *text);

/* The input as decisions: what has been taken is gone, behind the end there are zeros. */
struct fuzz_input {
	const uint8_t *p;
	size_t n;
};

uint8_t input_byte(struct fuzz_input *in);

/* The next n bytes, or as many as there are. */
struct ovd_view input_take(struct fuzz_input *in, size_t n);

/* A copy of the text as decoders want it: a NUL behind it, then BUF_SLACK - 1 times `fill`; a
 * sanitizer sees any byte that is read beyond. Freed by the caller. */
char *fuzz_body(struct ovd_view text, char fill);
