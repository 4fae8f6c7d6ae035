/* The Application log of Windows, where people look first when a service doesn't run. */
#pragma once

#include <wchar.h>

enum event_kind {
	EVENT_INFO,
	EVENT_FAILURE,
};

/* The numbers of our entries; they stay. */
enum {
	EVENT_STARTED = 1,
	EVENT_STOPPED = 2,
	EVENT_FAILED = 100, /* and the service-specific exit code */
};

/* Makes a source of entries known, or forgets it: then what was written shows without its text.
 * Entries are shown by EventCreate.exe, which every Windows has and whose texts are the entry's
 * own. 0 or a Win32 error; one that isn't there is forgotten. */
unsigned long event_log_register(const wchar_t *source);
unsigned long event_log_forget(const wchar_t *source);

/* NULL if there is none, which the others accept. */
void *event_log_open(const wchar_t *source);
void event_log_close(void *log);

/* Text that is no UTF-8 is left out. */
void event_log_write(void *log, enum event_kind kind, unsigned number, const char *text);
