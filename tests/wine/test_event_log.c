#include "server/windows/event_log.h"

#include <windows.h>

#include "tests/check.h"

#define SOURCE L"overlayd-event-test"
#define KEY    L"SYSTEM\\CurrentControlSet\\Services\\EventLog\\Application\\" SOURCE

__attribute__((constructor)) static void warm(void)
{
	event_log_close(event_log_open(SOURCE));
}

static LSTATUS get(const wchar_t *name, DWORD type, void *value, DWORD n)
{
	return RegGetValueW(HKEY_LOCAL_MACHINE, KEY, name, type, NULL, value, &n);
}

TEST(a_source_comes_and_goes)
{
	wchar_t file[128];
	DWORD kinds;

	CHECK_INT(event_log_forget(SOURCE), 0);
	for (int i = 0; i < 2; i++) {
		CHECK_INT(event_log_register(SOURCE), 0);
		CHECK_INT(get(L"EventMessageFile", RRF_RT_REG_EXPAND_SZ | RRF_NOEXPAND, file,
			      sizeof(file)),
			  0);
		CHECK(wcscmp(file, L"%SystemRoot%\\System32\\EventCreate.exe") == 0);
		CHECK_INT(get(L"TypesSupported", RRF_RT_REG_DWORD, &kinds, sizeof(kinds)), 0);
		CHECK_INT(kinds, EVENTLOG_ERROR_TYPE | EVENTLOG_INFORMATION_TYPE);
	}
	for (int i = 0; i < 2; i++) {
		CHECK_INT(event_log_forget(SOURCE), 0);
		CHECK_INT(get(NULL, RRF_RT_ANY, NULL, 0), ERROR_FILE_NOT_FOUND);
	}
}

/* wine keeps no entries that could be read back. */
TEST(writes)
{
	void *log = event_log_open(SOURCE);

	CHECK(log);
	event_log_write(log, EVENT_INFO, EVENT_STARTED, "started");
	event_log_write(log, EVENT_FAILURE, EVENT_FAILED + 4, "d\303\244ta");
	event_log_write(log, EVENT_FAILURE, EVENT_FAILED + 4, "\xff");
	event_log_close(log);
	event_log_write(NULL, EVENT_INFO, EVENT_STARTED, "to nobody");
	event_log_close(NULL);
}
