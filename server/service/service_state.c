#include "server/service/service_state.h"

#include <errno.h>
#include <pthread.h>
#include <limits.h>
#include <stdlib.h>

#include "runtime/deadline.h"
#include "runtime/util.h"

struct service_state {
	void (*report)(void *arg, const struct scm_status *status);
	void *arg;
	uint32_t start_hint_ms, stop_hint_ms;
	pthread_mutex_t lock; /* around all below, and reports */
	pthread_cond_t changed;
	struct scm_status status;
	bool stop_asked, released;
};

struct service_state *service_state_new(void (*report)(void *arg, const struct scm_status *status),
					void *arg, uint32_t start_hint_ms, uint32_t stop_hint_ms)
{
	struct service_state *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	s->report = report;
	s->arg = arg;
	s->start_hint_ms = start_hint_ms;
	s->stop_hint_ms = stop_hint_ms;
	pthread_mutex_init(&s->lock, NULL);
	pthread_cond_init(&s->changed, NULL);
	return s;
}

void service_state_free(struct service_state *s)
{
	if (!s)
		return;
	pthread_cond_destroy(&s->changed);
	pthread_mutex_destroy(&s->lock);
	free(s);
}

/* ---- changes; the lock is held ---- */

static void enter(struct service_state *s, enum scm_state state, enum service_exit code)
{
	struct scm_status status = { .state = state };

	switch (state) {
	case SCM_START_PENDING:
		status.hint_ms = s->start_hint_ms;
		break;
	case SCM_STOP_PENDING:
		status.hint_ms = s->stop_hint_ms;
		break;
	case SCM_RUNNING:
		status.accepts = SCM_ACCEPT_STOP | SCM_ACCEPT_PRESHUTDOWN;
		break;
	case SCM_STOPPED:
		status.win32_exit = code ? SCM_SPECIFIC_ERROR : SCM_OK;
		status.specific_exit = code;
		break;
	case SCM_NONE:
		break;
	}
	status.checkpoint = status.hint_ms ? 1 : 0;
	s->status = status;
	s->report(s->arg, &s->status);
	pthread_cond_broadcast(&s->changed);
}

static int begin(struct service_state *s)
{
	if (s->status.state != SCM_NONE)
		return -EPROTO;
	enter(s, SCM_START_PENDING, SERVICE_EXIT_FINE);
	return 0;
}

static int progress(struct service_state *s)
{
	if (s->status.state != SCM_START_PENDING && s->status.state != SCM_STOP_PENDING)
		return -EPROTO;
	s->status.checkpoint++;
	s->report(s->arg, &s->status);
	return 0;
}

static int run(struct service_state *s)
{
	if (s->status.state != SCM_START_PENDING)
		return -EPROTO;
	enter(s, s->stop_asked ? SCM_STOP_PENDING : SCM_RUNNING, SERVICE_EXIT_FINE);
	return s->stop_asked ? -ECANCELED : 0;
}

static int stop(struct service_state *s)
{
	if (s->status.state == SCM_STOP_PENDING)
		return 0;
	if (s->status.state != SCM_START_PENDING && s->status.state != SCM_RUNNING)
		return -EPROTO;
	enter(s, SCM_STOP_PENDING, SERVICE_EXIT_FINE);
	return 0;
}

static void ask_stop(struct service_state *s)
{
	s->stop_asked = true;
	if (s->status.state == SCM_RUNNING)
		enter(s, SCM_STOP_PENDING, SERVICE_EXIT_FINE);
	pthread_cond_broadcast(&s->changed);
}

/* ---- with the lock ---- */

static int locked(struct service_state *s, int (*change)(struct service_state *s))
{
	int r;

	pthread_mutex_lock(&s->lock);
	r = change(s);
	pthread_mutex_unlock(&s->lock);
	return r;
}

int service_state_begin(struct service_state *s)
{
	return locked(s, begin);
}

int service_state_progress(struct service_state *s)
{
	return locked(s, progress);
}

int service_state_running(struct service_state *s)
{
	return locked(s, run);
}

int service_state_stopping(struct service_state *s)
{
	return locked(s, stop);
}

int service_state_stopped(struct service_state *s, enum service_exit code)
{
	int r = -EPROTO;

	pthread_mutex_lock(&s->lock);
	if (s->status.state == SCM_STOP_PENDING || (s->status.state == SCM_START_PENDING && code)) {
		enter(s, SCM_STOPPED, code);
		r = 0;
	}
	pthread_mutex_unlock(&s->lock);
	return r;
}

uint32_t service_state_control(struct service_state *s, uint32_t control)
{
	uint32_t answer = SCM_OK;

	pthread_mutex_lock(&s->lock);
	switch (control) {
	case SCM_CONTROL_STOP:
	case SCM_CONTROL_SHUTDOWN:
	case SCM_CONTROL_PRESHUTDOWN:
		ask_stop(s);
		break;
	case SCM_CONTROL_INTERROGATE:
		if (s->status.state != SCM_NONE && s->status.state != SCM_STOPPED)
			s->report(s->arg, &s->status);
		break;
	default: /* the manager's numbers, not ours */
		answer = SCM_NOT_IMPLEMENTED;
	}
	pthread_mutex_unlock(&s->lock);
	return answer;
}

/* ---- waits ---- */

bool service_state_wait_stop(struct service_state *s)
{
	bool stops;

	pthread_mutex_lock(&s->lock);
	while (!s->released && !s->stop_asked && s->status.state != SCM_STOP_PENDING)
		pthread_cond_wait(&s->changed, &s->lock);
	stops = !s->released;
	pthread_mutex_unlock(&s->lock);
	return stops;
}

bool service_state_wait_release(struct service_state *s, uint32_t ms)
{
	const uint64_t until = deadline_in((int)MIN(ms, (uint32_t)INT_MAX));
	bool released;

	pthread_mutex_lock(&s->lock);
	while (!s->released && !deadline_over(until))
		deadline_wait(&s->changed, &s->lock, until);
	released = s->released;
	pthread_mutex_unlock(&s->lock);
	return released;
}

void service_state_release(struct service_state *s)
{
	pthread_mutex_lock(&s->lock);
	s->released = true;
	pthread_cond_broadcast(&s->changed);
	pthread_mutex_unlock(&s->lock);
}
