#include <fcntl.h>
#include <io.h>
#include <stdio.h>
#include <sys/stat.h>

#include <windows.h>

#include "tests/check_apart.h"

/* Said to the process of one test, before the test's name. */
#define HERE "--here"

#define PAGE 4096 /* on every machine that this is built for */

static size_t whole_pages(size_t n)
{
	return (n + PAGE - 1) / PAGE * PAGE;
}

struct ovd_view check_edge(const void *text, size_t n, size_t slack)
{
	size_t whole = whole_pages(n + slack);
	char *map, *at;
	DWORD old;

	map = VirtualAlloc(NULL, whole + PAGE, MEM_COMMIT | MEM_RESERVE, PAGE_READWRITE);
	if (!map || !VirtualProtect(map + whole, PAGE, PAGE_NOACCESS, &old))
		check_fail(__FILE__, __LINE__, "no memory");
	at = map + whole - slack - n;
	memcpy(at, text, n);
	return (struct ovd_view){ .p = at, .n = n };
}

void check_edge_free(struct ovd_view copy, size_t slack)
{
	VirtualFree((char *)copy.p + copy.n + slack - whole_pages(copy.n + slack), 0, MEM_RELEASE);
}

struct ovd_view check_file(const char *path)
{
	_cleanup_(fd_closep) int fd = open(path, O_RDONLY | _O_BINARY | O_CLOEXEC);
	struct stat st;
	size_t n = 0;
	char *text;

	if (fd < 0 || fstat(fd, &st) < 0)
		check_fail(__FILE__, __LINE__, "%s: %s", path, strerror(errno));
	text = calloc((size_t)st.st_size + 1, 1);
	while (text && n < (size_t)st.st_size) {
		int got = read(fd, text + n, (unsigned)(st.st_size - (off_t)n));

		if (got <= 0)
			check_fail(__FILE__, __LINE__, "%s: %s", path, strerror(errno));
		n += (size_t)got;
	}
	return (struct ovd_view){ .p = text, .n = n };
}

static unsigned open_handles(void)
{
	DWORD n = 0;

	GetProcessHandleCount(GetCurrentProcess(), &n);
	return n;
}

void check_here(const struct check_test *tests, char **argv)
{
	unsigned before, after;

	if (!argv[1] || strcmp(argv[1], HERE) != 0 || !argv[2])
		return;
	while (tests && strcmp(tests->name, argv[2]) != 0)
		tests = tests->next;
	if (!tests)
		exit(EXIT_FAIL);
	before = open_handles();
	tests->run();
	after = open_handles();
	if (after > before)
		check_fail(tests->name, 0, "%u handles before, %u after", before, after);
	exit(0);
}

static HANDLE make_job(void)
{
	JOBOBJECT_EXTENDED_LIMIT_INFORMATION limits = { 0 };
	HANDLE job = CreateJobObjectW(NULL, NULL);

	limits.BasicLimitInformation.LimitFlags = JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE;
	SetInformationJobObject(job, JobObjectExtendedLimitInformation, &limits, sizeof(limits));
	return job;
}

int check_apart(const struct check_test *test)
{
	wchar_t program[MAX_PATH], line[MAX_PATH + 256];
	STARTUPINFOW start = { .cb = sizeof(start) };
	PROCESS_INFORMATION child;
	HANDLE job = make_job();
	DWORD code = EXIT_FAIL;

	GetModuleFileNameW(NULL, program, MAX_PATH);
	_snwprintf(line, ARRAY_SIZE(line), L"\"%ls\" " HERE " %hs", program, test->name);
	if (CreateProcessW(program, line, NULL, NULL, TRUE, CREATE_SUSPENDED, NULL, NULL, &start,
			   &child)) {
		AssignProcessToJobObject(job, child.hProcess);
		ResumeThread(child.hThread);
		if (WaitForSingleObject(child.hProcess, TEST_SECONDS * 1000) == WAIT_OBJECT_0)
			GetExitCodeProcess(child.hProcess, &code);
		CloseHandle(child.hThread);
		CloseHandle(child.hProcess);
	}
	CloseHandle(job); /* and with it what the test left running */
	return (int)(code & 0x7fffffff);
}

/* ---- copies ---- */

#define COPIES_PIECE 65536

static bool is_ours(const MEMORY_BASIC_INFORMATION *region)
{
	return region->State == MEM_COMMIT && region->Type != MEM_MAPPED &&
	       (region->Protect == PAGE_READWRITE || region->Protect == PAGE_WRITECOPY);
}

/* Into memory that is mapped, which isn't looked at. */
size_t check_copies(const void *turned, size_t n)
{
	HANDLE file = CreateFileMappingW(INVALID_HANDLE_VALUE, NULL, PAGE_READWRITE, 0,
					 COPIES_PIECE, NULL);
	uint8_t *piece = MapViewOfFile(file, FILE_MAP_ALL_ACCESS, 0, 0, 0);
	MEMORY_BASIC_INFORMATION region = { 0 };
	size_t found = 0;

	check_true(__FILE__, __LINE__, "a file mapping", piece);
	for (const char *at = NULL; VirtualQuery(at, &region, sizeof(region)) > 0;
	     at = (const char *)region.BaseAddress + region.RegionSize) {
		const char *from = region.BaseAddress, *to = from + region.RegionSize;
		SIZE_T got = COPIES_PIECE;

		for (; is_ours(&region) && got == COPIES_PIECE; from += COPIES_PIECE - n + 1)
			if (!ReadProcessMemory(GetCurrentProcess(), from, piece,
					       MIN((size_t)(to - from), COPIES_PIECE), &got))
				got = 0;
			else
				found += check_count(piece, got, turned, n);
	}
	UnmapViewOfFile(piece);
	CloseHandle(file);
	return MIN(found, 64);
}
