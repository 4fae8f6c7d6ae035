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
	HANDLE pipe, thread;
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

static DWORD WINAPI answer_blocking(void *arg)
{
	const struct bare *bare = arg;
	char in[256], out[4096] = "";
	DWORD n;

	ConnectNamedPipe(bare->pipe, NULL);
	while (ReadFile(bare->pipe, in, (DWORD)bare->asked, &n, NULL) && n == bare->asked)
		WriteFile(bare->pipe, out, (DWORD)bare->answered, &n, NULL);
	return 0;
}

/* The next operation that has ended; false: it failed. */
static bool take_ended(HANDLE port)
{
	OVERLAPPED_ENTRY entries[8];
	ULONG n = 0;

	return GetQueuedCompletionStatusEx(port, entries, ARRAY_SIZE(entries), &n, INFINITE,
					   FALSE) &&
	       n == 1 && entries[0].lpOverlapped->Internal == 0;
}

static DWORD WINAPI answer_by_port(void *arg)
{
	const struct bare *bare = arg;
	HANDLE port = CreateIoCompletionPort(bare->pipe, NULL, 0, 1);
	OVERLAPPED in = { .hEvent = NULL }, out = { .hEvent = NULL };
	char asked[256], answered[4096] = "";
	bool good = true;

	SetFileCompletionNotificationModes(bare->pipe, FILE_SKIP_COMPLETION_PORT_ON_SUCCESS);
	if (!ConnectNamedPipe(bare->pipe, &in) && GetLastError() == ERROR_IO_PENDING)
		take_ended(port);
	while (good) {
		good = ReadFile(bare->pipe, asked, sizeof(asked), NULL, &in) ||
		       (GetLastError() == ERROR_IO_PENDING && take_ended(port));
		if (good && !WriteFile(bare->pipe, answered, (DWORD)bare->answered, NULL, &out))
			good = GetLastError() == ERROR_IO_PENDING && take_ended(port);
	}
	CloseHandle(port);
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

static void bare_start(struct bare *bare, struct side *side, const char *path, DWORD mode,
		       LPTHREAD_START_ROUTINE answer_it)
{
	bare->pipe = CreateNamedPipeA(path, PIPE_ACCESS_DUPLEX | mode, 0, 1, 65536, 65536, 0, NULL);
	CHECK(bare->pipe != INVALID_HANDLE_VALUE);
	bare->thread = CreateThread(NULL, 0, answer_it, bare, 0, NULL);
	side->pipe = connect_to(path);
}

static void bare_stop(struct bare *bare, struct side *side)
{
	CloseHandle(side->pipe);
	WaitForSingleObject(bare->thread, INFINITE);
	CloseHandle(bare->thread);
	CloseHandle(bare->pipe);
}

static void print_beside(const char *what, const struct side *ours, struct side *theirs)
{
	double ratios[ROUNDS];

	for (int i = 0; i < ROUNDS; i++)
		ratios[i] = ours->us[i] / theirs->us[i];
	printf("\n  %s %.1f us, ratio of neighbours %.2f", what, median(theirs->us),
	       median(ratios));
}

TEST(status)
{
	struct bare port = { .asked = make_request() }, blocking = port;
	struct side ours, by_port, by_blocking;
	struct served s;

	served_start(&s);
	ours.pipe = connect_to(s.pipe);
	port.answered = blocking.answered = trip(ours.pipe, port.asked, 1);
	bare_start(&port, &by_port, "\\\\.\\pipe\\bench-port", FILE_FLAG_OVERLAPPED,
		   answer_by_port);
	bare_start(&blocking, &by_blocking, "\\\\.\\pipe\\bench-blocking", 0, answer_blocking);
	for (int i = 0; i < ROUNDS; i++) {
		measure(&ours, i, port.asked, port.answered);
		measure(&by_port, i, port.asked, port.answered);
		measure(&by_blocking, i, port.asked, port.answered);
	}
	bare_stop(&port, &by_port);
	bare_stop(&blocking, &by_blocking);
	CloseHandle(ours.pipe);
	served_stop(&s);
	print_beside("bare pipe, completion port", &ours, &by_port);
	print_beside("bare pipe, one blocking thread", &ours, &by_blocking);
	printf("\n  status %.1f us: %zu bytes asked, %zu answered; medians of %d rounds of %d "
	       "trips\n",
	       median(ours.us), port.asked, port.answered, ROUNDS, TRIPS);
}
