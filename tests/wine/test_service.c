/* Services under a real service manager: the daemon, and one whose work the tests hold up. This
 * program is that service too. */
#include "server/windows/service.h"

#include <stdio.h>
#include <windows.h>

#include "runtime/wide.h"
#include "server/service/quote.h"
#include "server/windows/data_dir.h"
#include "server/windows/scm.h"
#include "tests/wine/served.h"

#define NAME	    L"overlayd-test"
#define AS	    "--as-service"
#define PATIENCE_MS 20000

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
		WaitForSingleObject(w->go, PATIENCE_MS);
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
		WaitForSingleObject(w->end, PATIENCE_MS);
}

static const char *work_fault(void *arg _unused_)
{
	return NULL;
}

__attribute__((constructor)) static void be_the_service(void)
{
	static const struct life_work work = {
		.start = work_start, .serve = work_serve, .stop = work_stop,
		.finish = work_finish, .fault = work_fault,
	};
	const char *how = strstr(GetCommandLineA(), AS " ");
	struct work w;

	if (!how)
		return;
	w = (struct work){ .how = how + strlen(AS " "), .go = event_named("go"),
			   .end = event_named("end"), .stopped = CreateEventW(NULL, TRUE, FALSE, NULL) };
	ExitProcess((UINT)service_run(&service_calls_windows, &work, &w));
}

/* ---- the tests' hold on a service ---- */

struct tested {
	SC_HANDLE manager, service;
	HANDLE process;
};

static void ignore(void *arg _unused_, const char *what _unused_, DWORD error _unused_)
{
}

static SERVICE_STATUS_PROCESS status_of(struct tested *t)
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

	t.service = OpenServiceW(t.manager, NAME, SERVICE_ALL_ACCESS);
	if (t.service) {
		status = status_of(&t);
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

/* The first talk to the manager leaves handles open. */
__attribute__((constructor)) static void warm(void)
{
	DWORD specific;

	if (strstr(GetCommandLineA(), "--here")) {
		clear();
		scm_start(&scm_calls_windows, NAME, &specific);
	}
}

static void install(struct tested *t, const char *program, const char *const *arguments)
{
	_cleanup_(buf_done) struct buf line = { .p = NULL };
	struct scm_service service = { .name = NAME, .display = NAME, .description = NAME };

	CHECK_INT(quote_line(&line, program, arguments), 0);
	service.line = wide_of(line.p);
	CHECK_INT(scm_install(&scm_calls_windows, &service, ignore, NULL), 0);
	free((wchar_t *)service.line);
	*t = (struct tested){ .manager = OpenSCManagerW(NULL, NULL, SC_MANAGER_ALL_ACCESS) };
	t->service = OpenServiceW(t->manager, NAME, SERVICE_ALL_ACCESS);
	CHECK(t->service);
}

static void program_path(char path[MAX_PATH], const char *beside)
{
	DWORD n = GetModuleFileNameA(NULL, path, MAX_PATH);

	CHECK(n > 0 && n < MAX_PATH);
	if (beside)
		strcpy(strrchr(path, '\\') + 1, beside);
}

static void install_waiting(struct tested *t, const char *how)
{
	const char *const arguments[] = { AS, how, NULL };
	char path[MAX_PATH];

	program_path(path, NULL);
	install(t, path, arguments);
}

static void start(struct tested *t)
{
	SERVICE_STATUS_PROCESS status;

	CHECK(StartServiceW(t->service, 0, NULL));
	status = status_of(t);
	if (t->process)
		CloseHandle(t->process);
	t->process = OpenProcess(SYNCHRONIZE | PROCESS_QUERY_INFORMATION, FALSE, status.dwProcessId);
}

static bool is_pending(DWORD state)
{
	return state == SERVICE_START_PENDING || state == SERVICE_STOP_PENDING;
}

/* The order of states in one life; what lies between two looks may be missed. */
static int rank(DWORD state)
{
	static const int ranks[] = { [SERVICE_START_PENDING] = 1, [SERVICE_RUNNING] = 2,
				     [SERVICE_STOP_PENDING] = 3, [SERVICE_STOPPED] = 4 };

	CHECK(state >= 1 && state <= 4);
	return ranks[state];
}

/* Looks again and again until it is in this state, and at what it goes through. */
static SERVICE_STATUS_PROCESS watch(struct tested *t, DWORD state)
{
	SERVICE_STATUS_PROCESS last = status_of(t), now = last;

	for (int i = 0; now.dwCurrentState != state; i++) {
		CHECK(i < PATIENCE_MS);
		Sleep(1);
		last = now;
		now = status_of(t);
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

static DWORD control(struct tested *t, DWORD number)
{
	SERVICE_STATUS status;

	return ControlService(t->service, number, &status) ? 0 : GetLastError();
}

/* Wants this end, of the service and of its process. */
static void ended(struct tested *t, DWORD win32_exit, DWORD specific_exit)
{
	SERVICE_STATUS_PROCESS status = watch(t, SERVICE_STOPPED);
	DWORD code = 99;

	CHECK_INT(status.dwWin32ExitCode, win32_exit);
	CHECK_INT(status.dwServiceSpecificExitCode, specific_exit);
	if (!t->process) /* it was faster */
		return;
	CHECK_INT(WaitForSingleObject(t->process, PATIENCE_MS), WAIT_OBJECT_0);
	CHECK(GetExitCodeProcess(t->process, &code));
	CHECK_INT(code, win32_exit != 0);
}

static void uninstall(struct tested *t)
{
	DWORD specific;

	if (t->process)
		CloseHandle(t->process);
	CloseServiceHandle(t->service);
	CHECK_INT(scm_remove(&scm_calls_windows, NAME), 0);
	CHECK(!OpenServiceW(t->manager, NAME, SERVICE_QUERY_STATUS));
	CHECK_INT(GetLastError(), ERROR_SERVICE_DOES_NOT_EXIST);
	CloseServiceHandle(t->manager);
	CHECK_INT(scm_start(&scm_calls_windows, NAME, &specific), ERROR_SERVICE_DOES_NOT_EXIST);
}

/* Which keeps to itself what a handler answers. */
static bool is_wine(void)
{
	return GetProcAddress(GetModuleHandleW(L"ntdll.dll"), "wine_get_version") != NULL;
}

/* ---- states ---- */

TEST(starts_and_stops)
{
	SERVICE_STATUS_PROCESS status;
	struct tested t;
	DWORD error;

	install_waiting(&t, "waits");
	start(&t);
	status = watch(&t, SERVICE_RUNNING);
	CHECK_INT(status.dwControlsAccepted, SERVICE_ACCEPT_STOP | SERVICE_ACCEPT_PRESHUTDOWN);
	CHECK_INT(status.dwServiceType, SERVICE_WIN32_OWN_PROCESS);
	CHECK_INT(control(&t, SERVICE_CONTROL_INTERROGATE), 0);
	error = control(&t, 200);
	CHECK(error == ERROR_CALL_NOT_IMPLEMENTED || (error == 0 && is_wine()));
	CHECK_INT(status_of(&t).dwCurrentState, SERVICE_RUNNING);
	CHECK_INT(control(&t, SERVICE_CONTROL_STOP), 0);
	ended(&t, 0, 0);
	CHECK_INT(control(&t, SERVICE_CONTROL_STOP), ERROR_SERVICE_NOT_ACTIVE);
	uninstall(&t);
}

TEST(a_second_start_is_no_error)
{
	struct tested t;
	DWORD specific = 0;

	install_waiting(&t, "waits");
	CHECK_INT(scm_start(&scm_calls_windows, NAME, &specific), 0);
	CHECK_INT(scm_start(&scm_calls_windows, NAME, &specific), 0);
	CHECK(scm_is_active(&scm_calls_windows, NAME));
	uninstall(&t); /* and stops it */
}

/* RUNNING is not told before the start has ended. */
TEST(a_slow_start)
{
	HANDLE go = event_named("go");
	SERVICE_STATUS_PROCESS status;
	struct tested t;

	install_waiting(&t, "slow-start");
	start(&t);
	do
		status = status_of(&t);
	while (status.dwCheckPoint < 2);
	CHECK_INT(status.dwCurrentState, SERVICE_START_PENDING);
	CHECK_INT(status.dwControlsAccepted, 0);
	CHECK_INT(status.dwWaitHint, 10000);
	switch (control(&t, SERVICE_CONTROL_STOP)) {
	case ERROR_SERVICE_CANNOT_ACCEPT_CTRL:
	case ERROR_INVALID_SERVICE_CONTROL:
		break;
	default:
		check_fail(__FILE__, __LINE__, "a stop that starts got in");
	}
	CHECK_INT(status_of(&t).dwCurrentState, SERVICE_START_PENDING);
	SetEvent(go);
	watch(&t, SERVICE_RUNNING);
	CHECK_INT(control(&t, SERVICE_CONTROL_STOP), 0);
	ended(&t, 0, 0);
	CloseHandle(go);
	uninstall(&t);
}

TEST(a_stop_while_it_starts)
{
	struct tested t;

	install_waiting(&t, "stopped-start");
	start(&t);
	while (status_of(&t).dwCurrentState != SERVICE_STOPPED)
		CHECK(status_of(&t).dwCurrentState != SERVICE_RUNNING);
	ended(&t, 0, 0);
	uninstall(&t);
}

/* Its clean-up goes on until a checkpoint has told that it does. */
TEST(a_slow_end)
{
	HANDLE end = event_named("end");
	struct tested t;
	DWORD error;

	install_waiting(&t, "slow-end");
	start(&t);
	watch(&t, SERVICE_RUNNING);
	CHECK_INT(control(&t, SERVICE_CONTROL_STOP), 0);
	error = control(&t, SERVICE_CONTROL_STOP);
	CHECK(error == 0 || error == ERROR_SERVICE_CANNOT_ACCEPT_CTRL ||
	      error == ERROR_INVALID_SERVICE_CONTROL);
	while (status_of(&t).dwCheckPoint < 2)
		CHECK_INT(status_of(&t).dwCurrentState, SERVICE_STOP_PENDING);
	CHECK_INT(status_of(&t).dwWaitHint, 5000);
	SetEvent(end);
	ended(&t, 0, 0);
	CloseHandle(end);
	uninstall(&t);
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
		start(&t);
		ended(&t, ends[i].win32_exit, ends[i].specific_exit);
		uninstall(&t);
	}
}

/* ---- the daemon ---- */

static void install_daemon(struct tested *t, struct served *places, const char *data_dir)
{
	const char *const arguments[] = { "--data-dir", data_dir, "--socket", places->pipe,
					  "--service", NULL };
	char path[MAX_PATH];

	program_path(path, "..\\..\\bin\\overlayd.exe");
	install(t, path, arguments);
}

struct nuisance {
	struct tested *t;
	volatile LONG over, sent;
};

static void *disturb(void *arg)
{
	struct nuisance *n = arg;

	while (!InterlockedCompareExchange(&n->over, 0, 0)) {
		control(n->t, n->sent % 2 ? SERVICE_CONTROL_INTERROGATE : 200);
		InterlockedIncrement(&n->sent);
	}
	return NULL;
}

/* As soon as it is RUNNING there is a pipe, and it is served. */
TEST(fifty_lives_of_the_daemon)
{
	struct served places;
	struct nuisance n;
	pthread_t thread;
	struct tested t;

	served_places(&places);
	install_daemon(&t, &places, places.dir);
	n = (struct nuisance){ .t = &t };
	CHECK_INT(pthread_create(&thread, NULL, disturb, &n), 0);
	for (int i = 0; i < 50; i++) {
		struct client c;

		CASE("life %d", i);
		start(&t);
		watch(&t, SERVICE_RUNNING);
		client_open(&c, places.pipe);
		if (i % 10 == 0)
			client_expect(&c, 1, STATUS, "\"result\":\"status\"");
		if (i % 10 == 5)
			CHECK(client_body(&c, "{\"frame\":\"request\",\"id\":1,\"request\":"
					      "{\"op\":\"shutdown\"}}"));
		else
			CHECK_INT(control(&t, SERVICE_CONTROL_STOP), 0);
		ended(&t, 0, 0);
		client_close(&c);
	}
	InterlockedExchange(&n.over, 1);
	pthread_join(thread, NULL);
	CHECK(n.sent > 50);
	uninstall(&t);
	served_remove(&places);
}

/* STOPPED is told when all is closed: the manager may end the process then. */
TEST(nothing_is_left_when_it_is_stopped)
{
	struct served places;
	struct tested t;

	served_places(&places);
	install_daemon(&t, &places, places.dir);
	for (int i = 0; i < 5; i++) {
		struct client c;
		HANDLE lock;

		start(&t);
		watch(&t, SERVICE_RUNNING);
		client_open(&c, places.pipe);
		client_expect(&c, 1, STATUS, "\"result\":\"status\"");
		CHECK_INT(data_dir_lock(places.dir, &lock), -EWOULDBLOCK);
		CHECK_INT(control(&t, SERVICE_CONTROL_STOP), 0);
		CHECK(!client_read(&c).p);
		client_close(&c);
		watch(&t, SERVICE_STOPPED);
		CHECK_INT(data_dir_lock(places.dir, &lock), 0);
		CloseHandle(lock);
		CHECK(!WaitNamedPipeA(places.pipe, 1));
		CHECK_INT(GetLastError(), ERROR_FILE_NOT_FOUND);
		ended(&t, 0, 0);
	}
	uninstall(&t);
	served_remove(&places);
}

TEST(a_pipe_that_is_taken)
{
	struct served places;
	struct tested t;
	HANDLE pipe;

	served_places(&places);
	pipe = CreateNamedPipeA(places.pipe, PIPE_ACCESS_DUPLEX, PIPE_TYPE_BYTE, 1, 0, 0, 0, NULL);
	CHECK(pipe != INVALID_HANDLE_VALUE);
	install_daemon(&t, &places, places.dir);
	start(&t);
	ended(&t, ERROR_SERVICE_SPECIFIC_ERROR, SERVICE_EXIT_PIPE);
	CloseHandle(pipe);
	uninstall(&t);
	served_remove(&places);
}

TEST(a_data_dir_that_is_taken)
{
	struct served s, other;
	struct tested t;

	served_start(&s);
	served_places(&other);
	strcat(other.pipe, "-2");
	install_daemon(&t, &other, s.dir);
	start(&t);
	ended(&t, ERROR_SERVICE_SPECIFIC_ERROR, SERVICE_EXIT_TWICE);
	uninstall(&t);
	served_stop(&s);
}

TEST(a_data_dir_that_cannot_be)
{
	struct served places;
	char path[MAX_PATH];
	struct tested t;

	served_places(&places);
	program_path(path, NULL); /* a file */
	install_daemon(&t, &places, path);
	start(&t);
	ended(&t, ERROR_SERVICE_SPECIFIC_ERROR, SERVICE_EXIT_DATA_DIR);
	uninstall(&t);
}

TEST(a_log_that_cannot_be)
{
	struct served places;
	struct tested t;
	char path[160];

	served_places(&places);
	CHECK(CreateDirectoryA(places.dir, NULL));
	snprintf(path, sizeof(path), "%s\\logs", places.dir);
	CloseHandle(CreateFileA(path, GENERIC_WRITE, 0, NULL, CREATE_NEW, 0, NULL));
	install_daemon(&t, &places, places.dir);
	start(&t);
	ended(&t, ERROR_SERVICE_SPECIFIC_ERROR, SERVICE_EXIT_LOG);
	uninstall(&t);
	CHECK(DeleteFileA(path));
	served_remove(&places);
}

/* It tells the manager, and doesn't leave it waiting for a process that is gone. */
TEST(a_command_line_that_is_none)
{
	const char *const arguments[] = { "--nonsense", "--service", NULL };
	char path[MAX_PATH];
	struct tested t;

	program_path(path, "..\\..\\bin\\overlayd.exe");
	install(&t, path, arguments);
	start(&t);
	ended(&t, ERROR_SERVICE_SPECIFIC_ERROR, SERVICE_EXIT_ARGUMENTS);
	uninstall(&t);
}
