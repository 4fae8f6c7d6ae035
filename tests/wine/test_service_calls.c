/* What a service does with the manager's functions, which here are the test's own. */
#include <pthread.h>

#include "server/windows/service.h"
#include "tests/check.h"

#define STATUS_HANDLE ((SERVICE_STATUS_HANDLE)(intptr_t)7)

static struct {
	DWORD dispatch_error;
	bool takes_no_handler;
	HANDLE told, left; /* STOPPED was told; the thread that told it is over */
	LPHANDLER_FUNCTION_EX handler;
	void *context;
	LPSERVICE_MAIN_FUNCTIONW main;
	char order[32]; /* h handler, then the states as digits, w what is served, f finished */
	SERVICE_STATUS last;
	HANDLE stop;
	DWORD answers[5];
} fake;

static void mark(char c)
{
	size_t n = strlen(fake.order);

	CHECK(n < sizeof(fake.order) - 1);
	fake.order[n] = c;
}

static DWORD WINAPI live(void *arg _unused_)
{
	wchar_t *argv[] = { (wchar_t[]){ L"the-name" }, NULL };

	fake.main(1, argv);
	SetEvent(fake.left);
	return 0;
}

/* Returns as the real one does: when STOPPED is told, not when the thread that tells it is over. */
static BOOL WINAPI dispatch(const SERVICE_TABLE_ENTRYW *table)
{
	HANDLE thread, ends[2] = { fake.told, fake.left };

	SetLastError(fake.dispatch_error);
	if (fake.dispatch_error)
		return FALSE;
	CHECK(table[0].lpServiceName && table[0].lpServiceProc && !table[1].lpServiceProc);
	fake.main = table[0].lpServiceProc;
	thread = CreateThread(NULL, 0, live, NULL, 0, NULL);
	WaitForMultipleObjects(2, ends, FALSE, INFINITE);
	CloseHandle(thread);
	return TRUE;
}

static SERVICE_STATUS_HANDLE WINAPI handle(LPCWSTR name, LPHANDLER_FUNCTION_EX handler,
					   LPVOID context)
{
	CHECK(wcscmp(name, L"the-name") == 0);
	mark('h');
	fake.handler = handler;
	fake.context = context;
	return fake.takes_no_handler ? NULL : STATUS_HANDLE;
}

static BOOL WINAPI report(SERVICE_STATUS_HANDLE to, LPSERVICE_STATUS status)
{
	CHECK(to == STATUS_HANDLE);
	CHECK_INT(status->dwServiceType, SERVICE_WIN32_OWN_PROCESS);
	if (status->dwCurrentState != fake.last.dwCurrentState)
		mark((char)('0' + status->dwCurrentState));
	fake.last = *status;
	if (status->dwCurrentState == SERVICE_STOPPED) {
		SetEvent(fake.told);
		Sleep(50); /* the thread's end is slow */
	}
	return TRUE;
}

static const struct service_calls calls = { .dispatch = dispatch,
					    .handle = handle,
					    .report = report };

static enum service_exit start(void *arg, struct life *life _unused_)
{
	return *(enum service_exit *)arg;
}

static DWORD send(DWORD control)
{
	return fake.handler(control, 0, NULL, fake.context);
}

static enum service_exit serve(void *arg _unused_)
{
	mark('w');
	fake.answers[0] = send(200);
	fake.answers[1] = send(SERVICE_CONTROL_PAUSE);
	fake.answers[2] = send(SERVICE_CONTROL_INTERROGATE);
	CHECK_INT(fake.last.dwCurrentState, SERVICE_RUNNING);
	fake.answers[3] = send(SERVICE_CONTROL_PRESHUTDOWN);
	fake.answers[4] = send(SERVICE_CONTROL_SHUTDOWN);
	WaitForSingleObject(fake.stop, INFINITE);
	return SERVICE_EXIT_FINE;
}

static void stop(void *arg _unused_)
{
	SetEvent(fake.stop);
}

static void finish(void *arg _unused_)
{
	mark('f');
}

static const char *fault(void *arg _unused_)
{
	return "a reason";
}

static const struct life_work work = {
	.start = start,
	.serve = serve,
	.stop = stop,
	.finish = finish,
	.fault = fault,
};

/* The event log and threads leave handles open once. */
static void *nothing(void *arg)
{
	return arg;
}

__attribute__((constructor)) static void warm(void)
{
	HANDLE log = RegisterEventSourceW(NULL, L"the-name");
	pthread_t thread;

	DeregisterEventSource(log);
	pthread_create(&thread, NULL, nothing, NULL);
	pthread_join(thread, NULL);
}

static int run(enum service_exit code)
{
	int status;

	fake.told = CreateEventW(NULL, TRUE, FALSE, NULL);
	fake.left = CreateEventW(NULL, TRUE, FALSE, NULL);
	fake.stop = CreateEventW(NULL, TRUE, FALSE, NULL);
	status = service_run(&calls, &work, &code);
	CloseHandle(fake.told);
	CloseHandle(fake.left);
	CloseHandle(fake.stop);
	return status;
}

/* START_PENDING comes right after the handler, STOPPED after all else; 0 says that the life's last
 * word was waited for. */
TEST(a_life)
{
	CHECK_INT(run(SERVICE_EXIT_FINE), 0);
	CHECK_STR(fake.order, "h24w3f1");
	CHECK_INT(fake.answers[0], 120);
	CHECK_INT(fake.answers[1], 120);
	CHECK_INT(fake.answers[2] + fake.answers[3] + fake.answers[4], 0);
	CHECK_INT(fake.last.dwWin32ExitCode, 0);
}

TEST(a_failure)
{
	CHECK_INT(run(SERVICE_EXIT_PIPE), 1);
	CHECK_STR(fake.order, "h21");
	CHECK_INT(fake.last.dwWin32ExitCode, 1066);
	CHECK_INT(fake.last.dwServiceSpecificExitCode, 4);
	CHECK_INT(fake.last.dwControlsAccepted, 0);
}

TEST(no_handler)
{
	fake.takes_no_handler = true;
	CHECK_INT(run(SERVICE_EXIT_FINE), 1);
	CHECK_STR(fake.order, "h");
}

TEST(not_started_by_the_manager)
{
	static const DWORD errors[] = { ERROR_FAILED_SERVICE_CONTROLLER_CONNECT,
					ERROR_INVALID_DATA };

	for (int i = 0; i < 2; i++) {
		fake.dispatch_error = errors[i];
		CHECK_INT(run(SERVICE_EXIT_FINE), 1);
		CHECK_STR(fake.order, "");
	}
}
