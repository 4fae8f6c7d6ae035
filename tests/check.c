#include "tests/check.h"

#include <stdarg.h>
#include <stdio.h>
#include <time.h>

#include "tests/check_apart.h"

static struct check_test *tests;
static char case_text[256];

void check_register(struct check_test *test)
{
	struct check_test **at = &tests;

	while (*at)
		at = &(*at)->next;
	*at = test;
}

void check_case(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(case_text, sizeof(case_text), format, args);
	va_end(args);
}

void check_skip(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	fflush(stdout);
	_exit(EXIT_SKIP);
}

void check_fail(const char *file, int line, const char *format, ...)
{
	va_list args;

	printf("  %s:%d: ", file, line);
	if (case_text[0])
		printf("[%s] ", case_text);
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	printf("\n");
	fflush(stdout);
	_exit(EXIT_FAIL);
}

void check_true(const char *file, int line, const char *text, bool ok)
{
	if (!ok)
		check_fail(file, line, "%s does not hold", text);
}

void check_int(const char *file, int line, const char *text, long long got, long long want)
{
	if (got != want)
		check_fail(file, line, "%s is %lld, not %lld", text, got, want);
}

void check_u64(const char *file, int line, const char *text, uint64_t got, uint64_t want)
{
	if (got != want)
		check_fail(file, line, "%s is %llu, not %llu", text, (unsigned long long)got,
			   (unsigned long long)want);
}

void check_str(const char *file, int line, const char *text, const char *got, const char *want)
{
	if (!got || !want ? got != want : strcmp(got, want) != 0)
		check_fail(file, line, "%s is \"%s\", not \"%s\"", text, got ? got : "(null)",
			   want ? want : "(null)");
}

void check_view(const char *file, int line, const char *text, struct ovd_view got,
		struct ovd_view want)
{
	if (!view_eq(got, want))
		check_fail(file, line, "%s is \"%.*s\", not \"%.*s\"", text, VIEW(got), VIEW(want));
}

void check_bytes(const char *file, int line, const char *text, const void *got, const void *want,
		 size_t n)
{
	const unsigned char *a = got, *b = want;

	for (size_t i = 0; i < n; i++)
		if (a[i] != b[i])
			check_fail(file, line, "%s differs at byte %zu of %zu: %02x, not %02x",
				   text, i, n, a[i], b[i]);
}

/* 0 passed, 1 failed, 2 skipped. */
static int run(const struct check_test *test, const char *program)
{
	struct timespec a, b;
	int code;

	printf("%s %s ", program, test->name);
	fflush(stdout);
	clock_gettime(CLOCK_MONOTONIC, &a);
	code = check_apart(test);
	clock_gettime(CLOCK_MONOTONIC, &b);
	switch (code) {
	case EXIT_SKIP:
		printf(" - SKIPPED\n");
		return 2;
	case 0:
		printf("- ok (%.0f ms)\n",
		       (double)(b.tv_sec - a.tv_sec) * 1e3 + (double)(b.tv_nsec - a.tv_nsec) / 1e6);
		return 0;
	case EXIT_FAIL:
		printf("- FAILED\n");
		return 1;
	}
	printf(code < 0 ? "- FAILED: signal %d\n" : "- FAILED: ended with %d\n", abs(code));
	return 1;
}

static int no_such_test(const char *program, const char *name)
{
	fprintf(stderr, "%s: no such test: %s\n%s has:", program, name, program);
	for (const struct check_test *t = tests; t; t = t->next)
		fprintf(stderr, " %s", t->name);
	fputc('\n', stderr);
	return EXIT_FAIL;
}

size_t check_count(const uint8_t *bytes, size_t n, const uint8_t *turned, size_t length)
{
	size_t found = 0;

	for (size_t i = 0; i + length <= n; i++) {
		size_t same = 0;

		while (same < length && (bytes[i + same] ^ turned[same]) == 0xff)
			same++;
		found += same == length;
	}
	return found;
}

int main(int argc, char **argv)
{
	const char *program = argv[0];
	int count[3] = { 0, 0, 0 };

	check_here(tests, argv);
	while (program[strcspn(program, "/\\")])
		program += strcspn(program, "/\\") + 1;
	for (struct check_test *t = tests; t; t = t->next) {
		if (argc > 1 && strcmp(argv[1], t->name) != 0)
			continue;
		count[run(t, program)]++;
	}
	if (argc > 1 && count[0] + count[1] + count[2] == 0)
		return no_such_test(program, argv[1]);
	printf("%s: %d passed, %d failed, %d skipped\n", program, count[0], count[1], count[2]);
	return count[1] || !(count[0] + count[2]) ? 1 : 0;
}
