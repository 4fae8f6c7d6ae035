/* What the service manager of Windows is told of a service, and what a service makes of its
 * controls. Neutral: reports go through a function.
 *
 *	(none) -> START_PENDING -> RUNNING -> STOP_PENDING -> STOPPED
 *	               |  \___________________^              ^
 *	               \______ a start that failed __________/
 *
 * All of it may be called from any thread: one lock is around every change and its report, so that
 * reports arrive in the order of the changes, and nothing is reported after STOPPED. The numbers
 *are those of winsvc.h, whose names are taken there. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "server/service/exit_code.h"

enum scm_state {
	SCM_NONE = 0, /* not begun: nothing was reported */
	SCM_STOPPED = 1,
	SCM_START_PENDING = 2,
	SCM_STOP_PENDING = 3,
	SCM_RUNNING = 4,
};

/* What is accepted while RUNNING, and only then. A service that accepts PRESHUTDOWN gets it before,
 * and instead of, SHUTDOWN. */
enum {
	SCM_ACCEPT_STOP = 0x1,
	SCM_ACCEPT_PRESHUTDOWN = 0x100,
};

enum scm_control {
	SCM_CONTROL_STOP = 1,
	SCM_CONTROL_INTERROGATE = 4,
	SCM_CONTROL_SHUTDOWN = 5,
	SCM_CONTROL_PRESHUTDOWN = 15,
};

/* Answers to a control, and the exit code that points at the service-specific one; winerror.h. */
enum {
	SCM_OK = 0,
	SCM_NOT_IMPLEMENTED = 120,
	SCM_SPECIFIC_ERROR = 1066,
};

/* A SERVICE_STATUS, but for the type of the service. */
struct scm_status {
	enum scm_state state;
	uint32_t accepts;
	uint32_t win32_exit;
	uint32_t specific_exit; /* an enum service_exit; 0 unless win32_exit is 1066 */
	uint32_t checkpoint;    /* counts from 1 in a pending state; 0 in the others */
	uint32_t hint_ms;       /* how long until the next checkpoint; 0 as above */
};

struct service_state;

/* report is called with the lock held, by the thread that changed the state or had a control: it
 * must not call back. The hints are for the two pending states. NULL: no memory. */
struct service_state *service_state_new(void (*report)(void *arg, const struct scm_status *status),
					void *arg, uint32_t start_hint_ms, uint32_t stop_hint_ms);

/* Accepts NULL. */
void service_state_free(struct service_state *s);

/* Each reports, or answers -EPROTO and changes and reports nothing if that step is not one of the
 * picture above. */
int service_state_begin(struct service_state *s);    /* START_PENDING, checkpoint 1 */
int service_state_progress(struct service_state *s); /* the next checkpoint of a pending state */

/* RUNNING. -ECANCELED if a stop was asked for while it started: STOP_PENDING then. */
int service_state_running(struct service_state *s);

/* STOP_PENDING. 0 without a report if it is already. */
int service_state_stopping(struct service_state *s);

/* STOPPED, with Win32 exit code 0 or with 1066 and this code. The last report there is. */
int service_state_stopped(struct service_state *s, enum service_exit code);

/* A control of the manager, by its number; what to answer. STOP, SHUTDOWN and PRESHUTDOWN ask for a
 * stop: RUNNING becomes STOP_PENDING, START_PENDING remembers it, in the others it changes nothing.
 * INTERROGATE reports what is. Never waits for anything but the lock. */
uint32_t service_state_control(struct service_state *s, uint32_t control);

/* Waits until a stop was asked for or STOP_PENDING came (true), or for the release (false). */
bool service_state_wait_stop(struct service_state *s);

/* Waits for the release: true; false after so many milliseconds. */
bool service_state_wait_release(struct service_state *s, uint32_t ms);

/* Ends both waits, now and from now on. */
void service_state_release(struct service_state *s);
