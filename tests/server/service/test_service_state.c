/* What the service manager is told, step by step. */
#include "server/service/service_state.h"

#include "tests/check.h"
#include "tests/server/service/manager.h"

#define HINT 3000

/* Every step there is, and what each does in every state. */
enum step { BEGIN, PROGRESS, RUN, STOP, FAIL, FINE, STEPS };

static int take(struct service_state *s, enum step step)
{
	switch (step) {
	case BEGIN:
		return service_state_begin(s);
	case PROGRESS:
		return service_state_progress(s);
	case RUN:
		return service_state_running(s);
	case STOP:
		return service_state_stopping(s);
	case FAIL:
		return service_state_stopped(s, SERVICE_EXIT_PIPE);
	case FINE:
		return service_state_stopped(s, SERVICE_EXIT_FINE);
	case STEPS:
		break;
	}
	return -EINVAL;
}

static const struct {
	enum scm_state state;
	enum step way[4];
	unsigned n;
	int answers[STEPS];
	enum scm_state becomes[STEPS];
} rows[] = {
	{ SCM_NONE,
	  { 0 },
	  0,
	  { 0, -EPROTO, -EPROTO, -EPROTO, -EPROTO, -EPROTO },
	  { SCM_START_PENDING } },
	{ SCM_START_PENDING,
	  { BEGIN },
	  1,
	  { -EPROTO, 0, 0, 0, 0, -EPROTO },
	  { 0, SCM_START_PENDING, SCM_RUNNING, SCM_STOP_PENDING, SCM_STOPPED } },
	{ SCM_RUNNING,
	  { BEGIN, RUN },
	  2,
	  { -EPROTO, -EPROTO, -EPROTO, 0, -EPROTO, -EPROTO },
	  { [STOP] = SCM_STOP_PENDING } },
	{ SCM_STOP_PENDING,
	  { BEGIN, RUN, STOP },
	  3,
	  { -EPROTO, 0, -EPROTO, 0, 0, 0 },
	  { 0, SCM_STOP_PENDING, 0, SCM_STOP_PENDING, SCM_STOPPED, SCM_STOPPED } },
	{ SCM_STOPPED,
	  { BEGIN, RUN, STOP, FINE },
	  4,
	  { -EPROTO, -EPROTO, -EPROTO, -EPROTO, -EPROTO, -EPROTO },
	  { 0 } },
};

TEST(legal_steps_only)
{
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		for (enum step step = 0; step < STEPS; step++) {
			struct manager m = MANAGER_INIT;
			struct service_state *s = service_state_new(manager_report, &m, HINT, HINT);
			unsigned before;

			CASE("state %d, step %d", rows[i].state, step);
			for (unsigned j = 0; j < rows[i].n; j++)
				CHECK_INT(take(s, rows[i].way[j]), 0);
			CHECK_INT(m.last.state, rows[i].state);
			before = m.n;
			CHECK_INT(take(s, step), rows[i].answers[step]);
			if (rows[i].answers[step] == 0)
				CHECK_INT(m.last.state, rows[i].becomes[step]);
			else
				CHECK_INT(m.n, before);
			CHECK_INT(m.illegal, 0);
			service_state_free(s);
		}
}

static void is(struct manager *m, struct scm_status want)
{
	struct scm_status last = manager_last(m);

	CHECK_SAME(&last, &want);
}

TEST(reports)
{
	struct manager m = MANAGER_INIT;
	struct service_state *s = service_state_new(manager_report, &m, 10000, HINT);

	CHECK_INT(service_state_begin(s), 0);
	is(&m, (struct scm_status){ SCM_START_PENDING, 0, 0, 0, 1, 10000 });
	CHECK_INT(service_state_progress(s), 0);
	CHECK_INT(service_state_progress(s), 0);
	is(&m, (struct scm_status){ SCM_START_PENDING, 0, 0, 0, 3, 10000 });
	CHECK_INT(service_state_running(s), 0);
	is(&m, (struct scm_status){ SCM_RUNNING, 0x101, 0, 0, 0, 0 });
	CHECK_INT(service_state_stopping(s), 0);
	is(&m, (struct scm_status){ SCM_STOP_PENDING, 0, 0, 0, 1, HINT });
	CHECK_INT(service_state_progress(s), 0);
	is(&m, (struct scm_status){ SCM_STOP_PENDING, 0, 0, 0, 2, HINT });
	CHECK_INT(service_state_stopped(s, SERVICE_EXIT_FINE), 0);
	is(&m, (struct scm_status){ SCM_STOPPED, 0, 0, 0, 0, 0 });
	CHECK_INT(m.illegal, 0);
	service_state_free(s);
}

TEST(a_failure_says_which)
{
	for (enum service_exit code = SERVICE_EXIT_ARGUMENTS; code <= SERVICE_EXIT_TWICE; code++) {
		struct manager m = MANAGER_INIT;
		struct service_state *s = service_state_new(manager_report, &m, HINT, HINT);

		CHECK_INT(service_state_begin(s), 0);
		CHECK_INT(service_state_stopped(s, code), 0);
		is(&m, (struct scm_status){ SCM_STOPPED, 0, 1066, code, 0, 0 });
		service_state_free(s);
	}
}

static const struct {
	uint32_t control, answer;
	bool stops;
} controls[] = {
	{ 1, 0, true },      { 2, 120, false },          { 3, 120, false },  { 4, 0, false },
	{ 5, 0, true },      { 6, 120, false },          { 7, 120, false },  { 13, 120, false },
	{ 15, 0, true },     { 0, 120, false },          { 16, 120, false }, { 128, 120, false },
	{ 200, 120, false }, { UINT32_MAX, 120, false },
};

TEST(controls)
{
	for (size_t i = 0; i < ARRAY_SIZE(controls); i++) {
		struct manager m = MANAGER_INIT;
		struct service_state *s = service_state_new(manager_report, &m, HINT, HINT);

		CASE("control %u", controls[i].control);
		service_state_begin(s);
		service_state_running(s);
		CHECK_INT(service_state_control(s, controls[i].control), controls[i].answer);
		CHECK_INT(m.last.state, controls[i].stops ? SCM_STOP_PENDING : SCM_RUNNING);
		CHECK_INT(m.n, controls[i].stops || controls[i].control == 4 ? 3 : 2);
		service_state_free(s);
	}
}

TEST(asked_twice_it_stops_once)
{
	struct manager m = MANAGER_INIT;
	struct service_state *s = service_state_new(manager_report, &m, HINT, HINT);

	service_state_begin(s);
	service_state_running(s);
	for (int i = 0; i < 3; i++) {
		CHECK_INT(service_state_control(s, SCM_CONTROL_STOP), 0);
		CHECK_INT(service_state_control(s, SCM_CONTROL_SHUTDOWN), 0);
		CHECK_INT(service_state_control(s, SCM_CONTROL_PRESHUTDOWN), 0);
		CHECK_INT(service_state_stopping(s), 0);
	}
	is(&m, (struct scm_status){ SCM_STOP_PENDING, 0, 0, 0, 1, HINT });
	CHECK_INT(m.n, 3);
	service_state_free(s);
}

TEST(a_stop_while_it_starts_is_remembered)
{
	struct manager m = MANAGER_INIT;
	struct service_state *s = service_state_new(manager_report, &m, HINT, HINT);

	service_state_begin(s);
	CHECK_INT(service_state_control(s, SCM_CONTROL_STOP), 0);
	CHECK_INT(m.last.state, SCM_START_PENDING);
	CHECK(service_state_wait_stop(s));
	CHECK_INT(service_state_running(s), -ECANCELED);
	CHECK_INT(m.last.state, SCM_STOP_PENDING);
	CHECK_INT(m.illegal, 0);
	service_state_free(s);
}

TEST(interrogate_says_what_is)
{
	struct manager m = MANAGER_INIT;
	struct service_state *s = service_state_new(manager_report, &m, HINT, HINT);

	CHECK_INT(service_state_control(s, SCM_CONTROL_INTERROGATE), 0);
	CHECK_INT(m.n, 0);
	service_state_begin(s);
	service_state_progress(s);
	CHECK_INT(service_state_control(s, SCM_CONTROL_INTERROGATE), 0);
	CHECK_INT(m.n, 3);
	is(&m, (struct scm_status){ SCM_START_PENDING, 0, 0, 0, 2, HINT });
	service_state_stopped(s, SERVICE_EXIT_LOG);
	CHECK_INT(service_state_control(s, SCM_CONTROL_INTERROGATE), 0);
	CHECK_INT(service_state_control(s, SCM_CONTROL_STOP), 0);
	CHECK_INT(m.n, 4); /* nothing after the last */
	service_state_free(s);
}

TEST(waits)
{
	struct manager m = MANAGER_INIT;
	struct service_state *s = service_state_new(manager_report, &m, HINT, HINT);

	CHECK(!service_state_wait_release(s, 0));
	CHECK(!service_state_wait_release(s, 1));
	service_state_begin(s);
	service_state_stopping(s);
	CHECK(service_state_wait_stop(s));
	service_state_release(s);
	CHECK(!service_state_wait_stop(s));
	CHECK(service_state_wait_release(s, 1000000));
	service_state_free(s);
}
