#include "server/windows/scm.h"

#include "runtime/util.h"

/* SERVICE_START: for who sets a restart as what follows a failure. */
#define ACCESS (SERVICE_CHANGE_CONFIG | SERVICE_START)

/* What it takes to drain clients and end, with room; the system waits no longer. */
#define PRESHUTDOWN_MS 60000

const struct scm_calls scm_calls_windows = {
	.open_manager = OpenSCManagerW,
	.open = OpenServiceW,
	.create = CreateServiceW,
	.change = ChangeServiceConfigW,
	.change2 = ChangeServiceConfig2W,
	.start = StartServiceW,
	.control = ControlService,
	.query = QueryServiceStatus,
	.remove = DeleteService,
	.close = CloseServiceHandle,
	.sleep = Sleep,
};

/* The manager, and perhaps one service. */
struct scm {
	const struct scm_calls *calls;
	SC_HANDLE manager, service;
};

static DWORD result(BOOL fine)
{
	return fine ? 0 : GetLastError();
}

static void scm_close(struct scm *scm)
{
	if (scm->service)
		scm->calls->close(scm->service);
	if (scm->manager)
		scm->calls->close(scm->manager);
}

static DWORD open_manager(struct scm *scm, DWORD access)
{
	scm->manager = scm->calls->open_manager(NULL, NULL, access);
	return result(scm->manager != NULL);
}

static DWORD open_service(struct scm *scm, const wchar_t *name, DWORD access)
{
	DWORD error = open_manager(scm, SC_MANAGER_CONNECT);

	if (error)
		return error;
	scm->service = scm->calls->open(scm->manager, name, access);
	return result(scm->service != NULL);
}

/* ---- install ---- */

static DWORD change(struct scm *scm, const struct scm_service *s)
{
	scm->service = scm->calls->open(scm->manager, s->name, ACCESS);
	if (!scm->service)
		return GetLastError();
	return result(scm->calls->change(scm->service, SERVICE_WIN32_OWN_PROCESS,
					 SERVICE_AUTO_START, SERVICE_ERROR_NORMAL, s->line, NULL,
					 NULL, NULL, NULL, NULL, s->display));
}

static DWORD create_or_change(struct scm *scm, const struct scm_service *s)
{
	DWORD error;

	scm->service = scm->calls->create(
		scm->manager, s->name, s->display, ACCESS, SERVICE_WIN32_OWN_PROCESS,
		SERVICE_AUTO_START, SERVICE_ERROR_NORMAL, s->line, NULL, NULL, NULL, NULL, NULL);
	error = result(scm->service != NULL);
	if (error == ERROR_SERVICE_EXISTS)
		error = change(scm, s);
	if (error && scm->service) {
		scm->calls->close(scm->service);
		scm->service = NULL;
	}
	return error;
}

/* The manager keeps what is deleted until the last handle to it is closed, somebody's too. Ours is
 * closed between the tries. */
static DWORD create_when_gone(struct scm *scm, const struct scm_service *s)
{
	DWORD error = create_or_change(scm, s);

	for (DWORD ms = 0; error == ERROR_SERVICE_MARKED_FOR_DELETE && ms < SCM_GONE_MS;
	     ms += SCM_POLL_MS) {
		scm->calls->sleep(SCM_POLL_MS);
		error = create_or_change(scm, s);
	}
	return error;
}

static void set_more(struct scm *scm, const struct scm_service *s,
		     void (*lacks)(void *arg, const char *what, DWORD error), void *arg)
{
	SC_ACTION restarts[] = { { SC_ACTION_RESTART, 5000 },
				 { SC_ACTION_RESTART, 10000 },
				 { SC_ACTION_RESTART, 60000 } };
	SERVICE_DESCRIPTIONW description = { (wchar_t *)s->description };
	SERVICE_FAILURE_ACTIONSW actions = { .dwResetPeriod = 24 * 60 * 60,
					     .cActions = ARRAY_SIZE(restarts),
					     .lpsaActions = restarts };
	SERVICE_FAILURE_ACTIONS_FLAG flag = { TRUE };
	SERVICE_PRESHUTDOWN_INFO preshutdown = { PRESHUTDOWN_MS };
	SERVICE_SID_INFO sid = { SERVICE_SID_TYPE_UNRESTRICTED };
	SERVICE_DELAYED_AUTO_START_INFO delayed = { s->delayed };
	const struct {
		DWORD level;
		void *info;
		const char *what;
	} more[] = {
		{ SERVICE_CONFIG_DESCRIPTION, &description, "description" },
		{ SERVICE_CONFIG_FAILURE_ACTIONS, &actions, "restart after a failure" },
		{ SERVICE_CONFIG_FAILURE_ACTIONS_FLAG, &flag, "restart after an exit code" },
		{ SERVICE_CONFIG_PRESHUTDOWN_INFO, &preshutdown, "time before a shutdown" },
		{ SERVICE_CONFIG_SERVICE_SID_INFO, &sid, "a SID of its own" },
		{ SERVICE_CONFIG_DELAYED_AUTO_START_INFO, &delayed, "delayed start" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(more); i++)
		if (!scm->calls->change2(scm->service, more[i].level, more[i].info))
			lacks(arg, more[i].what, GetLastError());
}

DWORD scm_install(const struct scm_calls *calls, const struct scm_service *service,
		  void (*lacks)(void *arg, const char *what, DWORD error), void *arg)
{
	_cleanup_(scm_close) struct scm scm = { .calls = calls };
	DWORD error = open_manager(&scm, SC_MANAGER_CONNECT | SC_MANAGER_CREATE_SERVICE);

	if (error == 0)
		error = create_when_gone(&scm, service);
	if (error == 0)
		set_more(&scm, service, lacks, arg);
	return error;
}

/* ---- states ---- */

/* Waits until its state is another than these two; 1053 if that takes too long. */
static DWORD wait_while(struct scm *scm, DWORD state, DWORD other, DWORD limit_ms,
			SERVICE_STATUS *ret)
{
	DWORD error = result(scm->calls->query(scm->service, ret));

	for (DWORD ms = 0; !error && (ret->dwCurrentState == state || ret->dwCurrentState == other);
	     ms += SCM_POLL_MS) {
		if (ms >= limit_ms)
			return ERROR_SERVICE_REQUEST_TIMEOUT;
		scm->calls->sleep(SCM_POLL_MS);
		error = result(scm->calls->query(scm->service, ret));
	}
	return error;
}

/* One that is starting takes no control; one that was asked to stop is waited for. */
static void stop(struct scm *scm)
{
	SERVICE_STATUS status;

	wait_while(scm, SERVICE_START_PENDING, SERVICE_START_PENDING, SCM_START_MS, &status);
	if (scm->calls->control(scm->service, SERVICE_CONTROL_STOP, &status) ||
	    GetLastError() == ERROR_SERVICE_CANNOT_ACCEPT_CTRL)
		wait_while(scm, SERVICE_RUNNING, SERVICE_STOP_PENDING, SCM_STOP_MS, &status);
}

DWORD scm_remove(const struct scm_calls *calls, const wchar_t *name)
{
	_cleanup_(scm_close) struct scm scm = { .calls = calls };
	DWORD error = open_service(&scm, name, SERVICE_STOP | SERVICE_QUERY_STATUS | DELETE);

	if (error == 0) {
		stop(&scm);
		error = result(calls->remove(scm.service));
	}
	return error == ERROR_SERVICE_DOES_NOT_EXIST || error == ERROR_SERVICE_MARKED_FOR_DELETE
		       ? 0
		       : error;
}

DWORD scm_start(const struct scm_calls *calls, const wchar_t *name, DWORD *ret_specific)
{
	_cleanup_(scm_close) struct scm scm = { .calls = calls };
	DWORD error = open_service(&scm, name, SERVICE_START | SERVICE_QUERY_STATUS);
	SERVICE_STATUS status;

	if (error == 0)
		error = result(calls->start(scm.service, 0, NULL));
	if (error && error != ERROR_SERVICE_ALREADY_RUNNING)
		return error;
	error = wait_while(&scm, SERVICE_START_PENDING, SERVICE_START_PENDING, SCM_START_MS,
			   &status);
	if (error || status.dwCurrentState == SERVICE_RUNNING)
		return error;
	*ret_specific = status.dwServiceSpecificExitCode;
	return status.dwWin32ExitCode ? status.dwWin32ExitCode : ERROR_SERVICE_NOT_ACTIVE;
}

bool scm_is_active(const struct scm_calls *calls, const wchar_t *name)
{
	_cleanup_(scm_close) struct scm scm = { .calls = calls };
	SERVICE_STATUS status;

	return open_service(&scm, name, SERVICE_QUERY_STATUS) == 0 &&
	       calls->query(scm.service, &status) && status.dwCurrentState != SERVICE_STOPPED;
}
