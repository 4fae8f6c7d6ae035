/* A service under a real service manager, whose work the tests hold up. This program is that
 * service too. */
#include "server/windows/service.h"

#include <stdio.h>
#include <windows.h>

#include "server/windows/scm.h"
#include "tests/check.h"
#include "tests/wine/tested.h"

#define AS "--as-service"

/* ---- the service whose work is to wait ---- */

struct work {
	const char *how;
	HANDLE go, end, stopped;
};

static HANDLE event_named(const char *name)
{
	char text[64];

	snprintf(text, sizeof(text), "Global\\overlayd-test-%s", name);
	return CreateEventA(NULL, TRUE, FALSE, text);
}

static bool is(const struct work *w, const char *how)
{
	return strcmp(w->how, how) == 0;
}

static enum service_exit work_start(void *arg, struct life *life)
{
	struct work *w = arg;

	life_progress(life);
	if (is(w, "slow-start"))
		WaitForSingleObject(w->go, TESTED_MS);
	if (is(w, "stopped-start"))
		life_control(life, SCM_CONTROL_STOP);
	return is(w, "fails") ? SERVICE_EXIT_PIPE : SERVICE_EXIT_FINE;
}

static enum service_exit work_serve(void *arg)
{
	struct work *w = arg;

	if (is(w, "loop-fails"))
		return SERVICE_EXIT_LOOP_FAILED;
	if (!is(w, "ends"))
		WaitForSingleObject(w->stopped, INFINITE);
	return SERVICE_EXIT_FINE;
}

static void work_stop(void *arg)
{
	SetEvent(((struct work *)arg)->stopped);
}

static void work_finish(void *arg)
{
	struct work *w = arg;

	if (is(w, "slow-end"))
		WaitForSingleObject(w->end, TESTED_MS);
}

static const char *work_fault(void *arg _unused_)
{
	return NULL;
}

__attribute__((constructor)) static void be_the_service(void)
{
	static const struct life_work work = {
		.start = work_start,
		.serve = work_serve,
		.stop = work_stop,
		.finish = work_finish,
		.fault = work_fault,
	};
	const char *how = strstr(GetCommandLineA(), AS " ");
	struct work w;

	if (!how)
		return;
	w = (struct work){ .how = how + strlen(AS " "),
			   .go = event_named("go"),
			   .end = event_named("end"),
			   .stopped = CreateEventW(NULL, TRUE, FALSE, NULL) };
	ExitProcess((UINT)service_run(&service_calls_windows, &work, &w));
}

__attribute__((constructor)) static void warm(void)
{
	tested_warm();
}

static void install_waiting(struct tested *t, const char *how)
{
	const char *const arguments[] = { AS, how, NULL };
	char path[MAX_PATH];

	tested_path(path, NULL);
	tested_install(t, path, arguments);
}

/* ---- states ---- */

TEST(starts_and_stops)
{
	SERVICE_STATUS_PROCESS status;
	struct tested t;
	DWORD error;

	install_waiting(&t, "waits");
	tested_start(&t);
	status = tested_watch(&t, SERVICE_RUNNING);
	CHECK_INT(status.dwControlsAccepted, SERVICE_ACCEPT_STOP | SERVICE_ACCEPT_PRESHUTDOWN);
	CHECK_INT(status.dwServiceType, SERVICE_WIN32_OWN_PROCESS);
	CHECK_INT(tested_control(&t, SERVICE_CONTROL_INTERROGATE), 0);
	error = tested_control(&t, 200);
	CHECK(error == ERROR_CALL_NOT_IMPLEMENTED || (error == 0 && tested_is_wine()));
	CHECK_INT(tested_status(&t).dwCurrentState, SERVICE_RUNNING);
	CHECK_INT(tested_control(&t, SERVICE_CONTROL_STOP), 0);
	tested_ended(&t, 0, 0);
	CHECK_INT(tested_control(&t, SERVICE_CONTROL_STOP), ERROR_SERVICE_NOT_ACTIVE);
	tested_uninstall(&t);
}

TEST(a_second_start_is_no_error)
{
	struct tested t;
	DWORD specific = 0;

	install_waiting(&t, "waits");
	CHECK_INT(scm_start(&scm_calls_windows, TESTED_NAME, &specific), 0);
	CHECK_INT(scm_start(&scm_calls_windows, TESTED_NAME, &specific), 0);
	CHECK(scm_is_active(&scm_calls_windows, TESTED_NAME));
	tested_uninstall(&t); /* and stops it */
}

/* RUNNING is not told before the start has ended. */
TEST(a_slow_start)
{
	HANDLE go = event_named("go");
	SERVICE_STATUS_PROCESS status;
	struct tested t;

	install_waiting(&t, "slow-start");
	tested_start(&t);
	do
		status = tested_status(&t);
	while (status.dwCheckPoint < 2);
	CHECK_INT(status.dwCurrentState, SERVICE_START_PENDING);
	CHECK_INT(status.dwControlsAccepted, 0);
	CHECK_INT(status.dwWaitHint, 10000);
	switch (tested_control(&t, SERVICE_CONTROL_STOP)) {
	case ERROR_SERVICE_CANNOT_ACCEPT_CTRL:
	case ERROR_INVALID_SERVICE_CONTROL:
		break;
	default:
		check_fail(__FILE__, __LINE__, "a stop that starts got in");
	}
	CHECK_INT(tested_status(&t).dwCurrentState, SERVICE_START_PENDING);
	SetEvent(go);
	tested_watch(&t, SERVICE_RUNNING);
	CHECK_INT(tested_control(&t, SERVICE_CONTROL_STOP), 0);
	tested_ended(&t, 0, 0);
	CloseHandle(go);
	tested_uninstall(&t);
}

TEST(a_stop_while_it_starts)
{
	struct tested t;

	install_waiting(&t, "stopped-start");
	tested_start(&t);
	while (tested_status(&t).dwCurrentState != SERVICE_STOPPED)
		CHECK(tested_status(&t).dwCurrentState != SERVICE_RUNNING);
	tested_ended(&t, 0, 0);
	tested_uninstall(&t);
}

/* Its clean-up goes on until a checkpoint has told that it does. */
TEST(a_slow_end)
{
	HANDLE end = event_named("end");
	struct tested t;
	DWORD error;

	install_waiting(&t, "slow-end");
	tested_start(&t);
	tested_watch(&t, SERVICE_RUNNING);
	CHECK_INT(tested_control(&t, SERVICE_CONTROL_STOP), 0);
	error = tested_control(&t, SERVICE_CONTROL_STOP);
	CHECK(error == 0 || error == ERROR_SERVICE_CANNOT_ACCEPT_CTRL ||
	      error == ERROR_INVALID_SERVICE_CONTROL);
	while (tested_status(&t).dwCheckPoint < 2)
		CHECK_INT(tested_status(&t).dwCurrentState, SERVICE_STOP_PENDING);
	CHECK_INT(tested_status(&t).dwWaitHint, 5000);
	SetEvent(end);
	tested_ended(&t, 0, 0);
	CloseHandle(end);
	tested_uninstall(&t);
}

TEST(failures)
{
	static const struct {
		const char *how;
		DWORD win32_exit, specific_exit;
	} ends[] = {
		{ "fails", ERROR_SERVICE_SPECIFIC_ERROR, 4 },
		{ "loop-fails", ERROR_SERVICE_SPECIFIC_ERROR, 6 },
		{ "ends", 0, 0 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(ends); i++) {
		struct tested t;

		CASE("%s", ends[i].how);
		install_waiting(&t, ends[i].how);
		tested_start(&t);
		tested_ended(&t, ends[i].win32_exit, ends[i].specific_exit);
		tested_uninstall(&t);
	}
}
