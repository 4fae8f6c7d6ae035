#include "server/ops/change.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

#include "server/ops/daemon.h"

#define SUBJECT_MAX 128

int change_refused(struct call *call, int r)
{
	if (r == -EINPROGRESS)
		return r;
	return call_fail(call, r, "%s",
			 r == -ENOMEM ? "no memory" : engine_reason(call->daemon->engine));
}

int change_run(struct call *call, int r, int (*already)(struct call *call), call_done_fn *done)
{
	if (r == -EALREADY)
		return already(call);
	return r < 0 ? change_refused(call, r) : call_run(call, done);
}

static bool is_elsewhere(struct call *call)
{
	const struct step *failed = plan_at(&call->plan, call->plan.failed);
	struct engine *e = call->daemon->engine;

	return failed->kind == STEP_TUNNEL && failed->tunnel.port_taken
		       ? engine_service_other_port(e, call->intent)
		       : engine_service_elsewhere(e, call->intent);
}

bool change_is_otherwise(struct call *call, int r)
{
	struct engine *e = call->daemon->engine;

	return (r == -EADDRINUSE && is_elsewhere(call)) ||
	       (r == -EBUSY && engine_service_stay(e, call->intent));
}

bool change_stands(struct call *call, int r, const char *format, ...)
{
	char subject[SUBJECT_MAX];
	va_list args;

	if (r == 0) {
		engine_commit(call->daemon->engine, call->intent);
		return true;
	}
	engine_drop(call->daemon->engine, call->intent);
	va_start(args, format);
	vsnprintf(subject, sizeof(subject), format, args);
	va_end(args);
	call_fail(call, r, "%s: %s", subject, call->plan.detail);
	return false;
}

void change_again(struct call *call)
{
	call->daemon->settled(call->daemon);
	call_again(call);
}

static void grown(struct call *call, int r)
{
	if (change_is_otherwise(call, r) || change_stands(call, r, "one more subnet"))
		change_again(call);
}

int change_grow(struct call *call, struct ovd_view service)
{
	int r = engine_service_grow(call->daemon->engine, service, &call->plan, &call->intent);

	if (r == 0)
		return call_run(call, grown);
	return change_refused(call, r == -EALREADY ? -ENOSPC : r);
}
