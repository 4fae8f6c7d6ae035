/* What `install` and `uninstall` ask of the service manager: of one that does as it is told here,
 * as the real one has its own time and wine's lacks much. */
#include "server/windows/scm.h"

#include <stdio.h>

#include "tests/check.h"

#define HANDLE_OF(x) ((SC_HANDLE)(intptr_t)(x))
enum { MANAGER = 1, SERVICE = 2 };

/* The fake: what it answers, and what it was asked. */
static struct {
	DWORD create_error, open_error, change_error, remove_error, start_error, control_error;
	int marked;      /* create and change say 1072 so often */
	DWORD states[8]; /* what query says, one after another; the last stays */
	DWORD win32_exit, specific_exit;
	unsigned queries, creates, changes, removes, controls, starts;
	int open; /* handles */
	DWORD slept;
	wchar_t line[256], display[64];
	DWORD type, start_type, access;
	DWORD levels[8];
	unsigned more;
	SC_ACTION actions[4];
	DWORD n_actions, reset, preshutdown, sid;
	BOOL flag, delayed, refuses_more;
	wchar_t description[256];
} fake;

static BOOL answer(DWORD error)
{
	SetLastError(error);
	return error == 0;
}

static SC_HANDLE give(int handle, DWORD error)
{
	if (!answer(error))
		return NULL;
	fake.open++;
	return HANDLE_OF(handle);
}

static SC_HANDLE WINAPI open_manager(LPCWSTR machine, LPCWSTR base, DWORD access _unused_)
{
	CHECK(!machine && !base);
	return give(MANAGER, 0);
}

static SC_HANDLE WINAPI open_one(SC_HANDLE manager, LPCWSTR name, DWORD access)
{
	CHECK(manager == HANDLE_OF(MANAGER) && wcscmp(name, L"name") == 0);
	fake.access = access;
	return give(SERVICE, fake.open_error);
}

static void take(DWORD type, DWORD start_type, LPCWSTR line, LPCWSTR display)
{
	fake.type = type;
	fake.start_type = start_type;
	_snwprintf(fake.line, ARRAY_SIZE(fake.line), L"%ls", line);
	_snwprintf(fake.display, ARRAY_SIZE(fake.display), L"%ls", display);
}

static DWORD marked(DWORD otherwise)
{
	return fake.marked > 0 && fake.marked-- ? ERROR_SERVICE_MARKED_FOR_DELETE : otherwise;
}

static SC_HANDLE WINAPI create(SC_HANDLE manager, LPCWSTR name, LPCWSTR display, DWORD access,
			       DWORD type, DWORD start_type, DWORD control, LPCWSTR line,
			       LPCWSTR group, LPDWORD tag, LPCWSTR needs, LPCWSTR user,
			       LPCWSTR password)
{
	CHECK(manager == HANDLE_OF(MANAGER) && wcscmp(name, L"name") == 0);
	CHECK(!group && !tag && !needs && !user && !password);
	CHECK_INT(control, SERVICE_ERROR_NORMAL);
	fake.creates++;
	fake.access = access;
	take(type, start_type, line, display);
	return give(SERVICE, marked(fake.create_error));
}

static BOOL WINAPI change(SC_HANDLE service, DWORD type, DWORD start_type, DWORD control,
			  LPCWSTR line, LPCWSTR group, LPDWORD tag, LPCWSTR needs, LPCWSTR user,
			  LPCWSTR password, LPCWSTR display)
{
	CHECK(service == HANDLE_OF(SERVICE));
	CHECK(!group && !tag && !needs && !user && !password);
	CHECK_INT(control, SERVICE_ERROR_NORMAL);
	fake.changes++;
	take(type, start_type, line, display);
	return answer(fake.change_error);
}

static BOOL WINAPI change2(SC_HANDLE service, DWORD level, LPVOID info)
{
	CHECK(service == HANDLE_OF(SERVICE) && fake.more < ARRAY_SIZE(fake.levels));
	fake.levels[fake.more++] = level;
	if (level == SERVICE_CONFIG_DESCRIPTION) {
		_snwprintf(fake.description, ARRAY_SIZE(fake.description), L"%ls",
			   ((SERVICE_DESCRIPTIONW *)info)->lpDescription);
	} else if (level == SERVICE_CONFIG_FAILURE_ACTIONS) {
		const SERVICE_FAILURE_ACTIONSW *actions = info;

		CHECK(!actions->lpCommand && !actions->lpRebootMsg);
		fake.reset = actions->dwResetPeriod;
		fake.n_actions = actions->cActions;
		memcpy(fake.actions, actions->lpsaActions,
		       MIN(fake.n_actions, 4u) * sizeof(SC_ACTION));
	} else if (level == SERVICE_CONFIG_FAILURE_ACTIONS_FLAG) {
		fake.flag =
			((SERVICE_FAILURE_ACTIONS_FLAG *)info)->fFailureActionsOnNonCrashFailures;
	} else if (level == SERVICE_CONFIG_PRESHUTDOWN_INFO) {
		fake.preshutdown = ((SERVICE_PRESHUTDOWN_INFO *)info)->dwPreshutdownTimeout;
	} else if (level == SERVICE_CONFIG_SERVICE_SID_INFO) {
		fake.sid = ((SERVICE_SID_INFO *)info)->dwServiceSidType;
	} else if (level == SERVICE_CONFIG_DELAYED_AUTO_START_INFO) {
		fake.delayed = ((SERVICE_DELAYED_AUTO_START_INFO *)info)->fDelayedAutostart;
	} else {
		check_fail(__FILE__, __LINE__, "level %lu", level);
	}
	return answer(fake.refuses_more ? ERROR_INVALID_LEVEL : 0);
}

static BOOL WINAPI start(SC_HANDLE service, DWORD n, LPCWSTR *arguments)
{
	CHECK(service == HANDLE_OF(SERVICE) && n == 0 && !arguments);
	fake.starts++;
	return answer(fake.start_error);
}

static BOOL WINAPI control(SC_HANDLE service, DWORD number, LPSERVICE_STATUS ret)
{
	CHECK(service == HANDLE_OF(SERVICE) && ret);
	CHECK_INT(number, SERVICE_CONTROL_STOP);
	fake.controls++;
	return answer(fake.control_error);
}

static BOOL WINAPI query(SC_HANDLE service, LPSERVICE_STATUS ret)
{
	unsigned i = MIN(fake.queries, (unsigned)ARRAY_SIZE(fake.states) - 1);

	CHECK(service == HANDLE_OF(SERVICE));
	while (i > 0 && !fake.states[i])
		i--;
	*ret = (SERVICE_STATUS){ .dwCurrentState = fake.states[i],
				 .dwWin32ExitCode = fake.win32_exit,
				 .dwServiceSpecificExitCode = fake.specific_exit };
	fake.queries++;
	return answer(0);
}

static BOOL WINAPI remove_one(SC_HANDLE service)
{
	CHECK(service == HANDLE_OF(SERVICE));
	fake.removes++;
	return answer(fake.remove_error);
}

static BOOL WINAPI close_one(SC_HANDLE handle)
{
	CHECK(handle);
	CHECK(fake.open-- > 0);
	return answer(0);
}

static void WINAPI nap(DWORD ms)
{
	CHECK_INT(fake.open > 1 && fake.marked, 0); /* a service's handle keeps it marked */
	fake.slept += ms;
}

static const struct scm_calls calls = {
	.open_manager = open_manager,
	.open = open_one,
	.create = create,
	.change = change,
	.change2 = change2,
	.start = start,
	.control = control,
	.query = query,
	.remove = remove_one,
	.close = close_one,
	.sleep = nap,
};

static void count(void *arg, const char *what, DWORD error)
{
	CHECK(*what);
	CHECK_INT(error, ERROR_INVALID_LEVEL);
	++*(unsigned *)arg;
}

static unsigned install(DWORD error)
{
	const struct scm_service service = { .name = L"name",
					     .display = L"Display",
					     .description = L"What it is.",
					     .line = L"\"C:\\a b\\overlayd.exe\" --service",
					     .delayed = fake.delayed };
	unsigned lacks = 0;

	CHECK_INT(scm_install(&calls, &service, count, &lacks), error);
	CHECK_INT(fake.open, 0);
	return lacks;
}

static void is_registered(void)
{
	CHECK(wcscmp(fake.line, L"\"C:\\a b\\overlayd.exe\" --service") == 0);
	CHECK(wcscmp(fake.display, L"Display") == 0);
	CHECK_INT(fake.type, SERVICE_WIN32_OWN_PROCESS);
	CHECK_INT(fake.start_type, SERVICE_AUTO_START);
	CHECK(fake.access & SERVICE_CHANGE_CONFIG && fake.access & SERVICE_START);
	CHECK_INT(fake.more, 6);
}

TEST(installs)
{
	CHECK_INT(install(0), 0);
	is_registered();
	CHECK_INT(fake.creates, 1);
	CHECK_INT(fake.changes + fake.removes, 0);
	CHECK(wcscmp(fake.description, L"What it is.") == 0);
	CHECK_INT(fake.sid, SERVICE_SID_TYPE_UNRESTRICTED);
	CHECK(!fake.delayed);
}

TEST(is_restarted_after_failures_and_told_of_shutdowns)
{
	static const DWORD delays[] = { 5000, 10000, 60000 };

	install(0);
	CHECK_INT(fake.n_actions, 3);
	for (int i = 0; i < 3; i++) {
		CHECK_INT(fake.actions[i].Type, SC_ACTION_RESTART);
		CHECK_INT(fake.actions[i].Delay, delays[i]);
	}
	CHECK_INT(fake.reset, 86400);
	CHECK(fake.flag); /* an exit code counts as a failure, not a crash alone */
	CHECK_INT(fake.preshutdown, 60000);
}

TEST(is_delayed_when_asked)
{
	fake.delayed = true;
	install(0);
	CHECK(fake.delayed);
}

/* As it is there it is changed, so that nothing of it is lost: not deleted, not made anew. */
TEST(changes_what_is_there)
{
	fake.create_error = ERROR_SERVICE_EXISTS;
	CHECK_INT(install(0), 0);
	is_registered();
	CHECK_INT(fake.changes, 1);
	CHECK_INT(fake.removes, 0);
}

TEST(what_an_older_system_lacks_is_told)
{
	fake.refuses_more = true;
	CHECK_INT(install(0), 6);
}

TEST(waits_for_an_old_one_to_go)
{
	fake.marked = 5;
	CHECK_INT(install(0), 0);
	CHECK_INT(fake.creates, 6);
	CHECK_INT(fake.slept, 5 * SCM_POLL_MS);
	is_registered();
}

/* Deleted between the two calls. */
TEST(waits_for_an_old_one_that_was_there)
{
	fake.create_error = ERROR_SERVICE_EXISTS;
	fake.change_error = ERROR_SERVICE_MARKED_FOR_DELETE;
	CHECK_INT(install(ERROR_SERVICE_MARKED_FOR_DELETE), 0);
	CHECK_INT(fake.slept, SCM_GONE_MS);
	CHECK_INT(fake.more, 0);
}

TEST(waits_ten_seconds_and_no_more)
{
	fake.marked = 1000;
	CHECK_INT(install(ERROR_SERVICE_MARKED_FOR_DELETE), 0);
	CHECK_INT(fake.slept, 10000);
	CHECK_INT(fake.more, 0);
}

TEST(other_errors_are_told_at_once)
{
	fake.create_error = ERROR_DUPLICATE_SERVICE_NAME;
	install(ERROR_DUPLICATE_SERVICE_NAME);
	fake.create_error = ERROR_SERVICE_EXISTS;
	fake.change_error = ERROR_ACCESS_DENIED;
	install(ERROR_ACCESS_DENIED);
	fake.change_error = 0;
	fake.open_error = ERROR_ACCESS_DENIED;
	install(ERROR_ACCESS_DENIED);
	CHECK_INT(fake.slept, 0);
}

/* ---- uninstall ---- */

static void removes(DWORD error)
{
	CHECK_INT(scm_remove(&calls, L"name"), error);
	CHECK_INT(fake.open, 0);
}

TEST(stops_and_removes)
{
	memcpy(fake.states, (DWORD[]){ 4, 3, 3, 1 }, 4 * sizeof(DWORD));
	removes(0);
	CHECK_INT(fake.controls, 1);
	CHECK_INT(fake.removes, 1);
	CHECK_INT(fake.queries, 4); /* it had ended when it was removed */
}

TEST(waits_for_a_start_before_it_stops)
{
	memcpy(fake.states, (DWORD[]){ 2, 2, 4, 3, 1 }, 5 * sizeof(DWORD));
	removes(0);
	CHECK_INT(fake.controls, 1);
	CHECK_INT(fake.removes, 1);
}

TEST(one_that_is_not_there_is_removed)
{
	fake.open_error = ERROR_SERVICE_DOES_NOT_EXIST;
	removes(0);
	fake.open_error = ERROR_ACCESS_DENIED;
	removes(ERROR_ACCESS_DENIED);
}

TEST(one_that_was_removed_is_removed)
{
	fake.states[0] = SERVICE_STOPPED;
	fake.control_error = ERROR_SERVICE_NOT_ACTIVE;
	fake.remove_error = ERROR_SERVICE_MARKED_FOR_DELETE;
	removes(0);
	CHECK_INT(fake.slept, 0);
	fake.remove_error = ERROR_ACCESS_DENIED;
	removes(ERROR_ACCESS_DENIED);
}

TEST(one_that_hangs_is_removed_all_the_same)
{
	fake.states[0] = SERVICE_STOP_PENDING;
	fake.control_error = ERROR_SERVICE_CANNOT_ACCEPT_CTRL;
	removes(0);
	CHECK_INT(fake.slept, SCM_STOP_MS);
	CHECK_INT(fake.removes, 1);
}

/* ---- start ---- */

static DWORD starts(DWORD error)
{
	DWORD specific = 99;

	fake.queries = 0;
	CHECK_INT(scm_start(&calls, L"name", &specific), error);
	CHECK_INT(fake.open, 0);
	return specific;
}

TEST(starts_and_waits)
{
	memcpy(fake.states, (DWORD[]){ 2, 2, 4 }, 3 * sizeof(DWORD));
	CHECK_INT(starts(0), 99);
	CHECK_INT(fake.queries, 3);
}

/* By its number: what the text of it says depends on the system's language. */
TEST(one_that_runs_is_started)
{
	fake.start_error = ERROR_SERVICE_ALREADY_RUNNING;
	fake.states[0] = SERVICE_RUNNING;
	starts(0);
}

TEST(why_it_ended)
{
	memcpy(fake.states, (DWORD[]){ 2, 1 }, 2 * sizeof(DWORD));
	fake.win32_exit = ERROR_SERVICE_SPECIFIC_ERROR;
	fake.specific_exit = 4;
	CHECK_INT(starts(ERROR_SERVICE_SPECIFIC_ERROR), 4);
	fake.win32_exit = 0;
	fake.specific_exit = 0;
	starts(ERROR_SERVICE_NOT_ACTIVE);
}

TEST(starts_that_fail)
{
	fake.start_error = ERROR_FILE_NOT_FOUND;
	starts(ERROR_FILE_NOT_FOUND);
	fake.start_error = 0;
	fake.states[0] = SERVICE_START_PENDING;
	starts(ERROR_SERVICE_REQUEST_TIMEOUT);
	CHECK_INT(fake.slept, SCM_START_MS);
	fake.open_error = ERROR_SERVICE_DOES_NOT_EXIST;
	starts(ERROR_SERVICE_DOES_NOT_EXIST);
}

TEST(active)
{
	static const bool active[] = { [1] = false, [2] = true, [3] = true, [4] = true };

	for (DWORD state = 1; state <= 4; state++) {
		fake.states[0] = state;
		CHECK_INT(scm_is_active(&calls, L"name"), active[state]);
		CHECK_INT(fake.open, 0);
	}
	fake.open_error = ERROR_SERVICE_DOES_NOT_EXIST;
	CHECK(!scm_is_active(&calls, L"name"));
}
