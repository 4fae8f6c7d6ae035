/* A service's life, from the first report to STOPPED, which comes last whatever happens: after all
 * clean-up, with the helping thread joined. Neutral: tests live it with a manager of their own.
 *
 *	life = life_new(&host, host_arg, &work, work_arg);
 *	...life_control(life, control) by the manager's thread, at any time...
 *	code = life_run(life);
 *	life_free(life);
 */
#pragma once

#include "server/service/service_state.h"

/* What the manager's side writes down; each with the reason, for people. */
enum life_note {
	LIFE_STARTED, /* it is RUNNING */
	LIFE_STOPPED, /* as asked */
	LIFE_FAILED,
};

struct life;

/* The system's side. */
struct life_host {
	/* SetServiceStatus; see service_state_new. */
	void (*report)(void *arg, const struct scm_status *status);
	/* An entry of the event log; by the thread of life_run. LIFE_STOPPED and LIFE_FAILED come
	 * before STOPPED is reported. */
	void (*note)(void *arg, enum life_note note, enum service_exit code, const char *text);
	uint32_t start_hint_ms; /* the longest stage of a start */
	uint32_t stop_hint_ms;  /* a checkpoint comes every half of it while it stops */
};

/* What the service does. */
struct life_work {
	/* RUNNING comes after it, so it returns when clients can connect. life_progress after each
	 * stage. If it fails it leaves nothing. */
	enum service_exit (*start)(void *arg, struct life *life);
	/* Until it is stopped. Called after each start that didn't fail. */
	enum service_exit (*serve)(void *arg);
	/* Makes serve return, also one that has yet to be called; does not wait. By any thread,
	 * between start and finish, more than once. */
	void (*stop)(void *arg);
	/* After serve: what is left. */
	void (*finish)(void *arg);
	/* After a failure: what went wrong, if there is more to say than the code does; else NULL.
	 * Lives as long as the argument. */
	const char *(*fault)(void *arg);
};

/* While it stops, checkpoints come for so many halves of the hint: what takes longer hangs, and
 * the manager shall see it. */
#define LIFE_CHECKPOINTS_MAX 24

/* NULL: no memory. The tables and arguments must outlive it. */
struct life *life_new(const struct life_host *host, void *host_arg, const struct life_work *work,
		      void *work_arg);

/* Accepts NULL. No life_control may come any more. */
void life_free(struct life *life);

/* Once. Why it ended. */
enum service_exit life_run(struct life *life);

/* For the control handler: what to answer. Any thread, at any time; never waits for the work. */
uint32_t life_control(struct life *life, uint32_t control);

/* For work->start: a stage is done. */
void life_progress(struct life *life);
