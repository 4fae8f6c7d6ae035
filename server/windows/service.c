#include "server/windows/service.h"

#include <stdio.h>
#include <windows.h>

#include "server/windows/event_log.h"

/* Opening a data dir on a slow disk; closing what clients have open. */
#define START_HINT_MS 10000
#define STOP_HINT_MS  5000

struct service {
	const struct service_calls *calls;
	struct life *life;
	SERVICE_STATUS_HANDLE handle;
	void *events; /* the event log */
	HANDLE over;  /* set as the last act of the thread that lives the life */
	enum service_exit ended;
};

const struct service_calls service_calls_windows = {
	.dispatch = StartServiceCtrlDispatcherW,
	.handle = RegisterServiceCtrlHandlerExW,
	.report = SetServiceStatus,
};

/* What the manager calls gets no argument of ours. Set once, before the manager knows of us. */
static struct service *the_service;

_Static_assert(SCM_STOPPED == SERVICE_STOPPED && SCM_START_PENDING == SERVICE_START_PENDING &&
		       SCM_STOP_PENDING == SERVICE_STOP_PENDING && SCM_RUNNING == SERVICE_RUNNING,
	       "states");
_Static_assert(SCM_CONTROL_STOP == SERVICE_CONTROL_STOP &&
		       SCM_CONTROL_INTERROGATE == SERVICE_CONTROL_INTERROGATE &&
		       SCM_CONTROL_SHUTDOWN == SERVICE_CONTROL_SHUTDOWN &&
		       SCM_CONTROL_PRESHUTDOWN == SERVICE_CONTROL_PRESHUTDOWN,
	       "controls");
_Static_assert(SCM_ACCEPT_STOP == SERVICE_ACCEPT_STOP &&
		       SCM_ACCEPT_PRESHUTDOWN == SERVICE_ACCEPT_PRESHUTDOWN &&
		       SCM_NOT_IMPLEMENTED == ERROR_CALL_NOT_IMPLEMENTED &&
		       SCM_SPECIFIC_ERROR == ERROR_SERVICE_SPECIFIC_ERROR,
	       "numbers");

/* ---- what a life asks of its system ---- */

static void report(void *arg, const struct scm_status *status)
{
	struct service *s = arg;
	SERVICE_STATUS told = {
		.dwServiceType = SERVICE_WIN32_OWN_PROCESS,
		.dwCurrentState = status->state,
		.dwControlsAccepted = status->accepts,
		.dwWin32ExitCode = status->win32_exit,
		.dwServiceSpecificExitCode = status->specific_exit,
		.dwCheckPoint = status->checkpoint,
		.dwWaitHint = status->hint_ms,
	};

	s->calls->report(s->handle, &told);
}

static void note(void *arg, enum life_note what, enum service_exit code, const char *text)
{
	struct service *s = arg;

	switch (what) {
	case LIFE_STARTED:
		event_log_write(s->events, EVENT_INFO, EVENT_STARTED, "started: the pipe listens");
		break;
	case LIFE_STOPPED:
		event_log_write(s->events, EVENT_INFO, EVENT_STOPPED, text);
		break;
	case LIFE_FAILED:
		event_log_write(s->events, EVENT_FAILURE, EVENT_FAILED + code, text);
		break;
	}
}

static const struct life_host host = {
	.report = report,
	.note = note,
	.start_hint_ms = START_HINT_MS,
	.stop_hint_ms = STOP_HINT_MS,
};

/* ---- what the manager calls ---- */

static DWORD WINAPI on_control(DWORD control, DWORD type _unused_, void *data _unused_, void *arg)
{
	struct service *s = arg;

	return life_control(s->life, control);
}

static void WINAPI service_main(DWORD argc _unused_, LPWSTR *argv)
{
	struct service *s = the_service;

	s->events = event_log_open(argv[0]);
	s->handle = s->calls->handle(argv[0], on_control, s);
	if (s->handle)
		s->ended = life_run(s->life);
	else
		event_log_write(s->events, EVENT_FAILURE, EVENT_FAILED + SERVICE_EXIT_THREADS,
				"the service manager takes no control handler");
	SetEvent(s->over);
}

/* A user who logs off is nothing to a service, and of a shutdown the manager tells. */
static BOOL WINAPI on_console(DWORD event)
{
	return event == CTRL_LOGOFF_EVENT || event == CTRL_SHUTDOWN_EVENT;
}

/* ---- the process ---- */

static void explain(DWORD error)
{
	if (error == ERROR_FAILED_SERVICE_CONTROLLER_CONNECT)
		fprintf(stderr,
			"overlayd: --service works only in a process that the service manager "
			"has started, and it did not start this one (error 1063).\n"
			"`overlayd install --start` installs the service and starts it; "
			"without --service the daemon runs in this console.\n");
	else
		fprintf(stderr, "overlayd: the service manager: error %lu\n", error);
}

/* The manager's call returns as soon as STOPPED is told, while the thread that told it still runs.
 */
static int dispatch(struct service *s)
{
	const SERVICE_TABLE_ENTRYW table[] = { { (wchar_t[]){ L"" }, service_main },
					       { NULL, NULL } };

	SetConsoleCtrlHandler(on_console, TRUE);
	if (!s->calls->dispatch(table)) {
		explain(GetLastError());
		return EXIT_FAILURE;
	}
	WaitForSingleObject(s->over, INFINITE);
	return s->ended == SERVICE_EXIT_FINE ? EXIT_SUCCESS : EXIT_FAILURE;
}

int service_run(const struct service_calls *calls, const struct life_work *work, void *arg)
{
	struct service s = { .calls = calls, .ended = SERVICE_EXIT_THREADS };
	int status = EXIT_FAILURE;

	s.life = life_new(&host, &s, work, arg);
	s.over = CreateEventW(NULL, TRUE, FALSE, NULL);
	the_service = &s;
	if (s.life && s.over)
		status = dispatch(&s);
	else
		fprintf(stderr, "overlayd: no memory\n");
	if (s.over)
		CloseHandle(s.over);
	event_log_close(s.events);
	life_free(s.life);
	return status;
}
