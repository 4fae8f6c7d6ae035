#include <errno.h>
#include <stdlib.h>

#include "schema/overlayd_ops.h"
#include "server/ops/daemon.h"
#include "server/ops/later.h"

/* ---- setup ---- */

static int reply_service(struct call *call, const struct ovd_setup_service_overlay *request)
{
	bool isolated = request->mode == OVD_OVERLAY_MODE_ISOLATED;

	return call_reply(call, &(struct ovd_response){
					.kind = OVD_RESPONSE_SERVICE_OVERLAY,
					.service_overlay = {
						.name = view(engine_service_link(call->daemon->engine, request->service)),
						.mode = isolated ? OVD_OVERLAY_MODE_AUTO : request->mode,
						.has_mode_actual = isolated,
						.mode_actual = request->mode,
					},
				});
}

static void setup_done(struct call *call, int r)
{
	struct engine *e = call->daemon->engine;

	if (r < 0) {
		engine_drop(e, call->intent);
		call_fail(call, r, "service %.*s: %s",
			  VIEW(call->request->setup_service_overlay.service), call->plan.detail);
		return;
	}
	engine_commit(e, call->intent);
	reply_service(call, &call->request->setup_service_overlay);
}

static int setup(struct call *call, const struct ovd_setup_service_overlay *request,
		 enum service_mode mode)
{
	struct engine *e = call->daemon->engine;
	int r = engine_service_setup(e, request->service, mode, &call->plan, &call->intent);

	if (r == -EINPROGRESS)
		return r;
	if (r == -EALREADY)
		return reply_service(call, request);
	if (r < 0)
		return call_fail(call, r, "%s", engine_reason(e));
	return call_run(call, setup_done);
}

int ovd_op_setup_service_overlay(struct call *call, const struct ovd_setup_service_overlay *request)
{
	switch (request->mode) {
	case OVD_OVERLAY_MODE_AUTO:
		return setup(call, request, SERVICE_AUTO);
	case OVD_OVERLAY_MODE_SHARED:
		return setup(call, request, SERVICE_SHARED);
	case OVD_OVERLAY_MODE_ISOLATED:
		return setup(call, request, SERVICE_ISOLATED);
	case OVD_OVERLAY_MODE_DEDICATED:
		break;
	}
	return later(call, "mode dedicated");
}

/* ---- teardown ---- */

static void teardown_done(struct call *call, int r)
{
	struct engine *e = call->daemon->engine;

	if (r < 0) {
		engine_drop(e, call->intent);
		call_fail(call, r, "service %.*s: %s",
			  VIEW(call->request->teardown_service_overlay.service), call->plan.detail);
		return;
	}
	engine_commit(e, call->intent);
	call_ok(call);
}

int ovd_op_teardown_service_overlay(struct call *call,
				    const struct ovd_teardown_service_overlay *request)
{
	struct engine *e = call->daemon->engine;
	int r = engine_service_teardown(e, request->service, &call->plan, &call->intent);

	if (r == -EINPROGRESS)
		return r;
	if (r == -EALREADY)
		return call_ok(call);
	if (r < 0)
		return call_fail(call, r, "%s", engine_reason(e));
	return call_run(call, teardown_done);
}
