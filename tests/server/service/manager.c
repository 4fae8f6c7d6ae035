#include "tests/server/service/manager.h"

#include <stdio.h>
#include <unistd.h>

#include "tests/check.h"

static const bool legal[5][5] = {
	[SCM_NONE] = { [SCM_START_PENDING] = true },
	[SCM_START_PENDING] = { [SCM_RUNNING] = true,
				[SCM_STOP_PENDING] = true,
				[SCM_STOPPED] = true },
	[SCM_RUNNING] = { [SCM_STOP_PENDING] = true },
	[SCM_STOP_PENDING] = { [SCM_STOPPED] = true },
};

static bool is_pending(enum scm_state state)
{
	return state == SCM_START_PENDING || state == SCM_STOP_PENDING;
}

/* NULL, or what is wrong with this report after that one. */
static const char *objection(const struct scm_status *old, const struct scm_status *now)
{
	bool same = old->state == now->state;

	if (now->state > SCM_RUNNING || (!same && !legal[old->state][now->state]))
		return "a step that is none";
	if (old->state == SCM_STOPPED)
		return "a report after the last";
	if (!is_pending(now->state) && (now->checkpoint || now->hint_ms))
		return "a checkpoint in a steady state";
	if (is_pending(now->state) && (!now->checkpoint || !now->hint_ms))
		return "a pending state without a checkpoint";
	if (same ? now->checkpoint < old->checkpoint : now->checkpoint > 1)
		return "a checkpoint that goes back or begins too high";
	if (now->accepts != (now->state == SCM_RUNNING ? 0x101u : 0))
		return "controls accepted at the wrong time";
	if (now->state != SCM_STOPPED && (now->win32_exit || now->specific_exit))
		return "an exit code before the end";
	if (now->state == SCM_STOPPED && (now->win32_exit == 1066) != (now->specific_exit != 0))
		return "an exit code that says nothing";
	return NULL;
}

void manager_report(void *arg, const struct scm_status *status)
{
	struct manager *m = arg;
	const char *wrong;

	pthread_mutex_lock(&m->lock);
	wrong = objection(&m->last, status);
	if (wrong && m->illegal++ == 0)
		m->wrong = wrong;
	m->states += m->last.state != status->state;
	if (m->n < MANAGER_REPORTS)
		m->reports[m->n] = *status;
	m->n++;
	m->last = *status;
	pthread_mutex_unlock(&m->lock);
}

struct scm_status manager_last(struct manager *m)
{
	struct scm_status last;

	pthread_mutex_lock(&m->lock);
	last = m->last;
	pthread_mutex_unlock(&m->lock);
	return last;
}

unsigned manager_count(struct manager *m)
{
	unsigned n;

	pthread_mutex_lock(&m->lock);
	n = m->n;
	pthread_mutex_unlock(&m->lock);
	return n;
}

void manager_wait(struct manager *m, enum scm_state state)
{
	for (int i = 0; manager_last(m).state != state; i++) {
		if (i == 20000 || manager_last(m).state == SCM_STOPPED)
			check_fail(__FILE__, __LINE__, "it is in state %d", manager_last(m).state);
		usleep(1000);
	}
}

const char *manager_path(struct manager *m, char text[4 * MANAGER_REPORTS])
{
	enum scm_state last = SCM_NONE;
	char *end = text;

	*end = '\0';
	for (unsigned i = 0; i < m->n && i < MANAGER_REPORTS; i++) {
		if (m->reports[i].state != last)
			end += snprintf(end, 4, end == text ? "%d" : " %d", m->reports[i].state);
		last = m->reports[i].state;
	}
	return text;
}
