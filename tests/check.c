#include "tests/check.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>

enum { EXIT_FAIL = 1, EXIT_SKIP = 77 };

/* A test that hangs is ended after this; generous, as machines are noisy. */
#define TEST_SECONDS 120

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

struct ovd_view check_edge(const void *text, size_t n, size_t slack)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	size_t whole = (n + slack + page - 1) / page * page;
	char *map = mmap(NULL, whole + page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
			 -1, 0);
	char *at;

	if (map == MAP_FAILED || mprotect(map + whole, page, PROT_NONE) < 0)
		check_fail(__FILE__, __LINE__, "no memory");
	at = map + whole - slack - n;
	memcpy(at, text, n);
	return (struct ovd_view){ .p = at, .n = n };
}

struct ovd_view check_file(const char *path)
{
	_cleanup_(fd_closep) int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;
	char *text;

	if (fd < 0 || fstat(fd, &st) < 0)
		check_fail(__FILE__, __LINE__, "%s: %s", path, strerror(errno));
	text = mmap(NULL, (size_t)st.st_size + 1, PROT_READ, MAP_PRIVATE, fd, 0);
	if (text == MAP_FAILED)
		check_fail(__FILE__, __LINE__, "%s: %s", path, strerror(errno));
	return (struct ovd_view){ .p = text, .n = (size_t)st.st_size };
}

static int open_descriptors(void)
{
	DIR *dir = opendir("/proc/self/fd");
	int n = 0;

	if (!dir)
		return -1;
	while (readdir(dir))
		n++;
	closedir(dir);
	return n;
}

static _Noreturn void run_here(const struct check_test *test)
{
	int before = open_descriptors();
	int after;

	setpgid(0, 0);
	alarm(TEST_SECONDS);
	test->run();
	after = open_descriptors();
	if (after != before)
		check_fail(test->name, 0, "%d descriptors before, %d after", before, after);
	/* exit, not _exit: the leak checker of a sanitizer build runs there */
	exit(0);
}

/* 0 passed, 1 failed, 2 skipped. */
static int run_apart(const struct check_test *test, const char *program)
{
	struct timespec a, b;
	int status = 0;
	pid_t pid;

	printf("%s %s ", program, test->name);
	fflush(stdout);
	clock_gettime(CLOCK_MONOTONIC, &a);
	pid = fork();
	if (pid == 0)
		run_here(test);
	if (pid < 0 || waitpid(pid, &status, 0) < 0)
		status = -1;
	kill(-pid, SIGKILL); /* what the test left running in its group */
	clock_gettime(CLOCK_MONOTONIC, &b);

	if (WIFEXITED(status) && WEXITSTATUS(status) == EXIT_SKIP) {
		printf(" - SKIPPED\n");
		return 2;
	}
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0) {
		printf("- ok (%.0f ms)\n",
		       (double)(b.tv_sec - a.tv_sec) * 1e3 + (double)(b.tv_nsec - a.tv_nsec) / 1e6);
		return 0;
	}
	if (WIFSIGNALED(status))
		printf("- FAILED: signal %d\n", WTERMSIG(status));
	else
		printf("- FAILED\n");
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

int main(int argc, char **argv)
{
	const char *program = strrchr(argv[0], '/') ? strrchr(argv[0], '/') + 1 : argv[0];
	int count[3] = { 0, 0, 0 };

	for (struct check_test *t = tests; t; t = t->next) {
		if (argc > 1 && strcmp(argv[1], t->name) != 0)
			continue;
		count[run_apart(t, program)]++;
	}
	if (argc > 1 && count[0] + count[1] + count[2] == 0)
		return no_such_test(program, argv[1]);
	printf("%s: %d passed, %d failed, %d skipped\n", program, count[0], count[1], count[2]);
	return count[1] || !(count[0] + count[2]) ? 1 : 0;
}

/* ---- copies ---- */

#define COPIES_PIECE  65536
#define COPIES_REGION (UINT64_C(1) << 28) /* what is larger is a sanitizer's */

static size_t count_in(const uint8_t *bytes, size_t n, const uint8_t *turned, size_t length)
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

/* Through the file, as a sanitizer forbids to look at what was freed; into memory that is shared,
 * which isn't looked at. */
size_t check_copies(const void *turned, size_t n)
{
	uint8_t *piece =
		mmap(NULL, COPIES_PIECE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	FILE *maps = fopen("/proc/self/maps", "re");
	int memory = open("/proc/self/mem", O_RDONLY | O_CLOEXEC);
	unsigned long long from, to;
	char rights[8], line[512];
	size_t found = 0;

	check_true(__FILE__, __LINE__, "/proc/self/maps and mem",
		   maps && memory >= 0 && piece != MAP_FAILED);
	while (fgets(line, sizeof(line), maps)) {
		if (sscanf(line, "%llx-%llx %7s", &from, &to, rights) != 3 || rights[1] != 'w' ||
		    rights[3] == 's' || to - from > COPIES_REGION)
			continue;
		for (ssize_t got = COPIES_PIECE; got == COPIES_PIECE;
		     from += COPIES_PIECE - n + 1) {
			got = pread(memory, piece, MIN(COPIES_PIECE, to - from), (off_t)from);
			if (got > 0)
				found += count_in(piece, (size_t)got, turned, n);
		}
	}
	munmap(piece, COPIES_PIECE);
	fclose(maps);
	close(memory);
	return MIN(found, 64);
}
