#include <errno.h>
#include <stdlib.h>

#include "schema/overlayd_ops.h"
#include "server/ops/change.h"
#include "server/ops/daemon.h"
#include "server/ops/later.h"

/* ---- setup ---- */

static int reply_service(struct call *call)
{
	const struct ovd_setup_service_overlay *request = &call->request->setup_service_overlay;
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
	struct ovd_view service = call->request->setup_service_overlay.service;
	struct daemon *d = call->daemon;

	if (change_is_otherwise(call, r)) {
		call_again(call);
		return;
	}
	if (!change_stands(call, r, "service %.*s", VIEW(service)))
		return;
	if (engine_service_is_outside(d->engine, service))
		log_at(d->log, LOG_WARN,
		       "service %.*s keeps a subnet that other nodes don't know the way to, as "
		       "containers have addresses of it: set it up again when they have gone",
		       VIEW(service));
	reply_service(call);
}

static int setup(struct call *call, const struct ovd_setup_service_overlay *request,
		 enum service_mode mode)
{
	return change_run(call,
			  engine_service_setup(call->daemon->engine, request->service, mode,
					       &call->plan, &call->intent),
			  reply_service, setup_done);
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
	if (change_stands(call, r, "service %.*s",
			  VIEW(call->request->teardown_service_overlay.service)))
		call_ok(call);
}

int ovd_op_teardown_service_overlay(struct call *call,
				    const struct ovd_teardown_service_overlay *request)
{
	return change_run(call,
			  engine_service_teardown(call->daemon->engine, request->service,
						  &call->plan, &call->intent),
			  call_ok, teardown_done);
}
