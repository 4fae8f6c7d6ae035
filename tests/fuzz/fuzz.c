#include "tests/fuzz/fuzz.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/buf.h"

void fuzz_fail(const char *file, int line, const char *text)
{
	fprintf(stderr, "%s:%d: %s\n", file, line, text);
	abort();
}

uint8_t input_byte(struct fuzz_input *in)
{
	if (in->n == 0)
		return 0;
	in->n--;
	return *in->p++;
}

struct ovd_view input_take(struct fuzz_input *in, size_t n)
{
	struct ovd_view taken = { .p = (const char *)in->p, .n = MIN(n, in->n) };

	in->p += taken.n;
	in->n -= taken.n;
	return taken;
}

char *fuzz_body(struct ovd_view text, char fill)
{
	char *body = malloc(text.n + BUF_SLACK);

	MUST(body);
	if (text.n > 0)
		memcpy(body, text.p, text.n);
	memset(body + text.n, fill, BUF_SLACK);
	body[text.n] = '\0';
	return body;
}
