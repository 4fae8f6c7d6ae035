/* The daemon as a service of Windows: `overlayd.exe --service`, which the service manager runs. */
#pragma once

#include <windows.h>

#include "server/options.h"
#include "server/service/life.h"

/* The manager's functions; tests have others. */
struct service_calls {
	__typeof__(StartServiceCtrlDispatcherW) *dispatch;
	__typeof__(RegisterServiceCtrlHandlerExW) *handle;
	__typeof__(SetServiceStatus) *report;
};

extern const struct service_calls service_calls_windows;

/* Hands this thread to the service manager, which has the work done, and returns when all of it is
 * over: the process's exit status. In a process that the manager didn't start it fails, and says on
 * standard error what to do instead. One at a time. */
int service_run(const struct service_calls *calls, const struct life_work *work, void *arg);

/* The same with the daemon for work. NULL: the command line was wrong, which the manager shall
 * know. */
int service_run_daemon(const struct options *options);
