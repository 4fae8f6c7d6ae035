/* overlaygen, a protoc plugin: a CodeGeneratorRequest on standard input, the CodeGeneratorResponse
 * on standard output. */
#include <unistd.h>

#include "gen/generate.h"

static int read_all(struct buf *b)
{
	for (;;) {
		ssize_t n;

		if (buf_reserve(b, 65536) < 0)
			return -1;
		n = read(STDIN_FILENO, b->p + b->n, b->cap - b->n);
		if (n <= 0)
			return (int)n;
		b->n += (size_t)n;
	}
}

static int write_all(const struct buf *b)
{
	for (size_t done = 0; done < b->n;) {
		ssize_t n = write(STDOUT_FILENO, b->p + done, b->n - done);

		if (n <= 0)
			return -1;
		done += (size_t)n;
	}
	return 0;
}

int main(void)
{
	_cleanup_(buf_done) struct buf in = { .p = NULL }, out = { .p = NULL };

	if (read_all(&in) < 0 || generate(buf_view(&in), &out) < 0 || write_all(&out) < 0)
		return 1;
	return 0;
}
