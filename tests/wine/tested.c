#include "tests/wine/tested.h"

#include "runtime/wide.h"
#include "server/service/quote.h"
#include "server/windows/scm.h"
#include "tests/check.h"

static void ignore(void *arg _unused_, const char *what _unused_, DWORD error _unused_)
{
}

SERVICE_STATUS_PROCESS tested_status(struct tested *t)
{
	SERVICE_STATUS_PROCESS status;
	DWORD n;

	CHECK(QueryServiceStatusEx(t->service, SC_STATUS_PROCESS_INFO, (BYTE *)&status,
				   sizeof(status), &n));
	return status;
}

/* What a test that failed has left. */
static void clear(void)
{
	struct tested t = { .manager = OpenSCManagerW(NULL, NULL, SC_MANAGER_ALL_ACCESS) };
	SERVICE_STATUS_PROCESS status;
	HANDLE process;

	t.service = OpenServiceW(t.manager, TESTED_NAME, SERVICE_ALL_ACCESS);
	if (t.service) {
		status = tested_status(&t);
		process = OpenProcess(PROCESS_TERMINATE, FALSE, status.dwProcessId);
		if (status.dwCurrentState != SERVICE_STOPPED && process)
			TerminateProcess(process, 1);
		if (process)
			CloseHandle(process);
		DeleteService(t.service);
		CloseServiceHandle(t.service);
	}
	CloseServiceHandle(t.manager);
}

void tested_warm(void)
{
	DWORD specific;

	if (strstr(GetCommandLineA(), "--here")) {
		clear();
		scm_start(&scm_calls_windows, TESTED_NAME, &specific);
	}
}

void tested_install(struct tested *t, const char *program, const char *const *arguments)
{
	_cleanup_(buf_done) struct buf line = { .p = NULL };
	struct scm_service service = { .name = TESTED_NAME,
				       .display = TESTED_NAME,
				       .description = TESTED_NAME };

	CHECK_INT(quote_line(&line, program, arguments), 0);
	service.line = wide_of(line.p);
	CHECK_INT(scm_install(&scm_calls_windows, &service, ignore, NULL), 0);
	free((wchar_t *)service.line);
	*t = (struct tested){ .manager = OpenSCManagerW(NULL, NULL, SC_MANAGER_ALL_ACCESS) };
	t->service = OpenServiceW(t->manager, TESTED_NAME, SERVICE_ALL_ACCESS);
	CHECK(t->service);
}

void tested_path(char path[MAX_PATH], const char *beside)
{
	DWORD n = GetModuleFileNameA(NULL, path, MAX_PATH);

	CHECK(n > 0 && n < MAX_PATH);
	if (beside)
		strcpy(strrchr(path, '\\') + 1, beside);
}

void tested_start(struct tested *t)
{
	SERVICE_STATUS_PROCESS status;

	CHECK(StartServiceW(t->service, 0, NULL));
	status = tested_status(t);
	if (t->process)
		CloseHandle(t->process);
	t->process =
		OpenProcess(SYNCHRONIZE | PROCESS_QUERY_INFORMATION, FALSE, status.dwProcessId);
}

static bool is_pending(DWORD state)
{
	return state == SERVICE_START_PENDING || state == SERVICE_STOP_PENDING;
}

/* The order of states in one life; what lies between two looks may be missed. */
static int rank(DWORD state)
{
	static const int ranks[] = { [SERVICE_START_PENDING] = 1,
				     [SERVICE_RUNNING] = 2,
				     [SERVICE_STOP_PENDING] = 3,
				     [SERVICE_STOPPED] = 4 };

	CHECK(state >= 1 && state <= 4);
	return ranks[state];
}

SERVICE_STATUS_PROCESS tested_watch(struct tested *t, DWORD state)
{
	SERVICE_STATUS_PROCESS last = tested_status(t), now = last;

	for (int i = 0; now.dwCurrentState != state; i++) {
		CHECK(i < TESTED_MS);
		Sleep(1);
		last = now;
		now = tested_status(t);
		CHECK(rank(now.dwCurrentState) >= rank(last.dwCurrentState));
		if (now.dwCurrentState == last.dwCurrentState)
			CHECK(now.dwCheckPoint >= last.dwCheckPoint);
		if (is_pending(now.dwCurrentState))
			CHECK_INT(now.dwControlsAccepted, 0);
		else
			CHECK_INT(now.dwCheckPoint + now.dwWaitHint, 0);
	}
	return now;
}

DWORD tested_control(struct tested *t, DWORD number)
{
	SERVICE_STATUS status;

	return ControlService(t->service, number, &status) ? 0 : GetLastError();
}

void tested_ended(struct tested *t, DWORD win32_exit, DWORD specific_exit)
{
	SERVICE_STATUS_PROCESS status = tested_watch(t, SERVICE_STOPPED);
	DWORD code = 99;

	CHECK_INT(status.dwWin32ExitCode, win32_exit);
	CHECK_INT(status.dwServiceSpecificExitCode, specific_exit);
	if (!t->process) /* it was faster */
		return;
	CHECK_INT(WaitForSingleObject(t->process, TESTED_MS), WAIT_OBJECT_0);
	CHECK(GetExitCodeProcess(t->process, &code));
	CHECK_INT(code, win32_exit != 0);
}

void tested_uninstall(struct tested *t)
{
	DWORD specific;
	SC_HANDLE left = NULL;

	if (t->process)
		CloseHandle(t->process);
	CloseServiceHandle(t->service);
	CHECK_INT(scm_remove(&scm_calls_windows, TESTED_NAME), 0);
	for (unsigned ms = 0; ms < TESTED_MS; ms += 10) { /* the service manager has it still */
		left = OpenServiceW(t->manager, TESTED_NAME, SERVICE_QUERY_STATUS);
		if (!left)
			break;
		CloseServiceHandle(left);
		Sleep(10);
	}
	CHECK(!left);
	CHECK_INT(GetLastError(), ERROR_SERVICE_DOES_NOT_EXIST);
	CloseServiceHandle(t->manager);
	CHECK_INT(scm_start(&scm_calls_windows, TESTED_NAME, &specific),
		  ERROR_SERVICE_DOES_NOT_EXIST);
}

bool tested_is_wine(void)
{
	return GetProcAddress(GetModuleHandleW(L"ntdll.dll"), "wine_get_version") != NULL;
}
