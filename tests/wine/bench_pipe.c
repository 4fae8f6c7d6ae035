/* A round trip of `status` through the daemon's pipe, beside one through a pipe that answers as
 * many bytes to as many and does nothing else: a thread that reads and writes. Both in this
 * process, in turns, to the same client. Prints the medians and their ratio. */
#include <stdio.h>
#include <windows.h>

#include "tests/wine/served.h"

#define ROUNDS 60
#define TRIPS  100

struct side {
	HANDLE pipe;
	double us[ROUNDS]; /* of a trip, in each round */
};

struct bare {
	HANDLE pipe;
	size_t asked, answered;
};

static char request[256], answer[4096];

static double now_us(void)
{
	LARGE_INTEGER now, frequency;

	QueryPerformanceCounter(&now);
	QueryPerformanceFrequency(&frequency);
	return (double)now.QuadPart * 1e6 / (double)frequency.QuadPart;
}

static DWORD WINAPI answer_bare(void *arg)
{
	const struct bare *bare = arg;
	char in[256], out[4096] = "";
	DWORD n;

	ConnectNamedPipe(bare->pipe, NULL);
	while (ReadFile(bare->pipe, in, (DWORD)bare->asked, &n, NULL) && n == bare->asked)
		WriteFile(bare->pipe, out, (DWORD)bare->answered, &n, NULL);
	return 0;
}

static HANDLE connect_to(const char *path)
{
	HANDLE pipe =
		CreateFileA(path, GENERIC_READ | GENERIC_WRITE, 0, NULL, OPEN_EXISTING, 0, NULL);

	CHECK(pipe != INVALID_HANDLE_VALUE);
	return pipe;
}

/* The answer's length; 0 `want`: what comes at once. */
static size_t trip(HANDLE pipe, size_t asked, size_t want)
{
	size_t got = 0;
	DWORD n;

	CHECK(WriteFile(pipe, request, (DWORD)asked, &n, NULL) && n == asked);
	do {
		CHECK(ReadFile(pipe, answer + got, sizeof(answer) - (DWORD)got, &n, NULL) && n > 0);
		got += n;
	} while (got < want);
	return got;
}

static void measure(struct side *side, int round, size_t asked, size_t want)
{
	double begun = now_us();

	for (int i = 0; i < TRIPS; i++)
		trip(side->pipe, asked, want);
	side->us[round] = (now_us() - begun) / TRIPS;
}

static int by_size(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double median(double *values)
{
	qsort(values, ROUNDS, sizeof(*values), by_size);
	return values[ROUNDS / 2];
}

static size_t make_request(void)
{
	static const char body[] = "{\"frame\":\"request\",\"id\":1,\"request\":" STATUS "}";
	const uint32_t n = sizeof(body) - 1;

	memcpy(request, &n, sizeof(n));
	memcpy(request + sizeof(n), body, n);
	return sizeof(n) + n;
}

TEST(status)
{
	static const char path[] = "\\\\.\\pipe\\bench-bare";
	struct bare bare = { .asked = make_request() };
	struct side ours, theirs;
	struct served s;
	HANDLE thread;
	double ratios[ROUNDS];

	served_start(&s);
	ours.pipe = connect_to(s.pipe);
	bare.answered = trip(ours.pipe, bare.asked, 1);
	bare.pipe = CreateNamedPipeA(path, PIPE_ACCESS_DUPLEX, 0, 1, 65536, 65536, 0, NULL);
	thread = CreateThread(NULL, 0, answer_bare, &bare, 0, NULL);
	theirs.pipe = connect_to(path);
	for (int i = 0; i < ROUNDS; i++) {
		measure(&ours, i, bare.asked, bare.answered);
		measure(&theirs, i, bare.asked, bare.answered);
	}
	CloseHandle(theirs.pipe);
	WaitForSingleObject(thread, INFINITE);
	CloseHandle(bare.pipe);
	CloseHandle(ours.pipe);
	served_stop(&s);
	for (int i = 0; i < ROUNDS; i++)
		ratios[i] = ours.us[i] / theirs.us[i];
	printf("status %.1f us, bare pipe %.1f us, ratio of neighbours %.2f (medians of %d rounds "
	       "of "
	       "%d trips; %zu bytes asked, %zu answered) ",
	       median(ours.us), median(theirs.us), median(ratios), ROUNDS, TRIPS, bare.asked,
	       bare.answered);
}
