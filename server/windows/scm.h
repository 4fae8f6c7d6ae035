/* The service manager's list of services, changed: what `install` and `uninstall` do. */
#pragma once

#include <stdbool.h>
#include <windows.h>

/* How long a service may take to stop, to start, and an old registration to go. */
#define SCM_STOP_MS  60000
#define SCM_START_MS 60000
#define SCM_GONE_MS  10000
#define SCM_POLL_MS  250

/* The manager's functions; tests have others. */
struct scm_calls {
	__typeof__(OpenSCManagerW) *open_manager;
	__typeof__(OpenServiceW) *open;
	__typeof__(CreateServiceW) *create;
	__typeof__(ChangeServiceConfigW) *change;
	__typeof__(ChangeServiceConfig2W) *change2;
	__typeof__(StartServiceW) *start;
	__typeof__(ControlService) *control;
	__typeof__(QueryServiceStatus) *query;
	__typeof__(DeleteService) *remove;
	__typeof__(CloseServiceHandle) *close;
	__typeof__(Sleep) *sleep;
};

extern const struct scm_calls scm_calls_windows;

struct scm_service {
	const wchar_t *name;
	const wchar_t *display;
	const wchar_t *description;
	const wchar_t *line; /* program and arguments, quoted */
	bool delayed;        /* starts two minutes after those that aren't */
};

/* All return 0 or a Win32 error. */

/* Creates the service, or changes it to this if it is there: started with the system, as
 * LocalSystem, without dependencies; restarted 5, 10 and 60 s after it has failed, the third time
 * and later the same; a day without failures forgets them. Waits SCM_GONE_MS for one of the name
 * that is being deleted. What only newer systems know and this one doesn't goes to lacks, by name;
 * it is no error. */
DWORD scm_install(const struct scm_calls *calls, const struct scm_service *service,
		  void (*lacks)(void *arg, const char *what, DWORD error), void *arg);

/* Stops it, waits for the end, and deletes it. One that isn't there is deleted; one that doesn't
 * stop goes when it ends. */
DWORD scm_remove(const struct scm_calls *calls, const wchar_t *name);

/* Starts it and waits until it is RUNNING, or is so already. If it ended instead: its Win32 exit
 * code, and with 1066 its own in ret_specific. */
DWORD scm_start(const struct scm_calls *calls, const wchar_t *name, DWORD *ret_specific);

/* Whether it is there and not STOPPED. */
bool scm_is_active(const struct scm_calls *calls, const wchar_t *name);
