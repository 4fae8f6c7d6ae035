#include <dirent.h>
#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "tests/check_apart.h"

static size_t whole_pages(size_t n)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);

	return (n + page - 1) / page * page;
}

struct ovd_view check_edge(const void *text, size_t n, size_t slack)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE), whole = whole_pages(n + slack);
	char *map = mmap(NULL, whole + page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
			 -1, 0);
	char *at;

	if (map == MAP_FAILED || mprotect(map + whole, page, PROT_NONE) < 0)
		check_fail(__FILE__, __LINE__, "no memory");
	at = map + whole - slack - n;
	memcpy(at, text, n);
	return (struct ovd_view){ .p = at, .n = n };
}

void check_edge_free(struct ovd_view copy, size_t slack)
{
	size_t whole = whole_pages(copy.n + slack);

	munmap((char *)copy.p + copy.n + slack - whole, whole + (size_t)sysconf(_SC_PAGESIZE));
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

static int remove_one(const char *path, const struct stat *st _unused_, int kind _unused_,
		      struct FTW *at _unused_)
{
	return remove(path);
}

void check_remove(const char *dir)
{
	if (nftw(dir, remove_one, 8, FTW_DEPTH | FTW_PHYS) != 0)
		check_fail(__FILE__, __LINE__, "%s: %s", dir, strerror(errno));
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

void check_here(const struct check_test *tests _unused_, char **argv _unused_)
{
}

int check_apart(const struct check_test *test)
{
	int status = 0;
	pid_t pid = fork();

	if (pid == 0)
		run_here(test);
	if (pid < 0 || waitpid(pid, &status, 0) < 0)
		return EXIT_FAIL;
	kill(-pid, SIGKILL); /* what the test left running in its group */
	return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
}

/* ---- copies ---- */

#define COPIES_PIECE  65536
#define COPIES_REGION (UINT64_C(1) << 28) /* what is larger is a sanitizer's */

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
				found += check_count(piece, (size_t)got, turned, n);
		}
	}
	munmap(piece, COPIES_PIECE);
	fclose(maps);
	close(memory);
	return MIN(found, 64);
}
