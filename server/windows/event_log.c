#include "server/windows/event_log.h"

#include <windows.h>

#include "runtime/util.h"
#include "runtime/wide.h"

#define SOURCES L"SYSTEM\\CurrentControlSet\\Services\\EventLog\\Application"
#define TEXTS   L"%SystemRoot%\\System32\\EventCreate.exe"

static DWORD set_values(HKEY key)
{
	const DWORD kinds = EVENTLOG_ERROR_TYPE | EVENTLOG_INFORMATION_TYPE;
	LSTATUS error = RegSetValueExW(key, L"EventMessageFile", 0, REG_EXPAND_SZ,
				       (const BYTE *)TEXTS, sizeof(TEXTS));

	if (error == 0)
		error = RegSetValueExW(key, L"TypesSupported", 0, REG_DWORD, (const BYTE *)&kinds,
				       sizeof(kinds));
	return (DWORD)error;
}

unsigned long event_log_register(const wchar_t *source)
{
	HKEY sources, key;
	DWORD error = (DWORD)RegCreateKeyExW(HKEY_LOCAL_MACHINE, SOURCES, 0, NULL, 0,
					     KEY_ALL_ACCESS, NULL, &sources, NULL);

	if (error)
		return error;
	error = (DWORD)RegCreateKeyExW(sources, source, 0, NULL, 0, KEY_SET_VALUE, NULL, &key,
				       NULL);
	if (error == 0) {
		error = set_values(key);
		RegCloseKey(key);
	}
	RegCloseKey(sources);
	return error;
}

unsigned long event_log_forget(const wchar_t *source)
{
	HKEY sources;
	DWORD error =
		(DWORD)RegOpenKeyExW(HKEY_LOCAL_MACHINE, SOURCES, 0, KEY_ALL_ACCESS, &sources);

	if (error == 0) {
		error = (DWORD)RegDeleteKeyW(sources, source);
		RegCloseKey(sources);
	}
	return error == ERROR_FILE_NOT_FOUND ? 0 : error;
}

void *event_log_open(const wchar_t *source)
{
	return RegisterEventSourceW(NULL, source);
}

void event_log_close(void *log)
{
	if (log)
		DeregisterEventSource(log);
}

void event_log_write(void *log, enum event_kind kind, unsigned number, const char *text)
{
	_cleanup_(freep) wchar_t *wide = wide_of(text);
	const wchar_t *texts[] = { wide ? wide : L"" };
	WORD type = kind == EVENT_FAILURE ? EVENTLOG_ERROR_TYPE : EVENTLOG_INFORMATION_TYPE;

	if (log)
		ReportEventW(log, type, 0, number, NULL, 1, 0, texts, NULL);
}
