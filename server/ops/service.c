#include <errno.h>
#include <string.h>

#include "schema/overlayd_ops.h"
#include "server/ops/change.h"
#include "server/ops/daemon.h"
#include "server/ops/heal.h"
#include "server/ops/channel.h"
#include "server/store/identity.h"

/* ---- setup ---- */

/* What a dedicated one has beside its bridge. */
static void put_dedicated(const struct dedicated_view *seen, char subnet[CIDR_TEXT_MAX],
			  struct ovd_service_overlay_info *info)
{
	info->wg_public_key = view(seen->public_key);
	info->has_wg_port = true;
	info->wg_port = seen->port;
	info->has_overlay_ip = true;
	info->overlay_ip = seen->ip;
	info->subnet = view(cidr_format(&seen->subnet, subnet));
}

static int reply_service(struct call *call)
{
	const struct ovd_setup_service_overlay *request = &call->request->setup_service_overlay;
	const struct engine *e = call->daemon->engine;
	bool isolated = request->mode == OVD_OVERLAY_MODE_ISOLATED;
	struct ovd_response response = { .kind = OVD_RESPONSE_SERVICE_OVERLAY };
	char subnet[CIDR_TEXT_MAX];
	struct dedicated_view seen;

	response.service_overlay = (struct ovd_service_overlay_info){
		.name = view(engine_service_link(e, request->service)),
		.mode = isolated ? OVD_OVERLAY_MODE_AUTO : request->mode,
		.has_mode_actual = isolated,
		.mode_actual = request->mode,
	};
	if (engine_dedicated(e, request->service, &seen))
		put_dedicated(&seen, subnet, &response.service_overlay);
	return call_reply(call, &response);
}

static void setup_done(struct call *call, int r)
{
	struct ovd_view service = call->request->setup_service_overlay.service;
	struct daemon *d = call->daemon;

	if (change_is_otherwise(call, r)) {
		change_again(call);
		return;
	}
	if (!change_stands(call, r, "service %.*s", VIEW(service)))
		return;
	if (engine_service_is_outside(d->engine, service))
		log_at(d->log, LOG_WARN,
		       "service %.*s keeps a subnet that other nodes don't know the way to, as "
		       "containers have addresses of it: set it up again when they have gone",
		       VIEW(service));
	r = channel_follow(d, service);
	if (r < 0)
		log_at(d->log, LOG_WARN, "tunnel %s: no control channel: %s",
		       engine_tunnel_link(d->engine, service), strerror(-r));
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

/* The keys are for nothing if it has a tunnel already. */
static int setup_dedicated(struct call *call, const struct ovd_setup_service_overlay *request)
{
	struct ovd_key private_key, public_key;
	int r = identity_make(&private_key, &public_key);

	if (r < 0)
		return call_fail(call, r, "a tunnel's key can't be made: %s", strerror(-r));
	r = engine_service_setup_dedicated(call->daemon->engine, request->service, &private_key,
					   &public_key, &call->plan, &call->intent);
	explicit_bzero(&private_key, sizeof(private_key));
	return change_run(call, r, reply_service, setup_done);
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
		return setup_dedicated(call, request);
	}
	return -EINVAL;
}

/* ---- teardown ---- */

static void teardown_done(struct call *call, int r)
{
	struct ovd_view service = call->request->teardown_service_overlay.service;

	if (r < 0 && channel_follow(call->daemon, service) < 0)
		heal_begin(call->daemon, service); /* it had gone before the rest fell */
	if (change_stands(call, r, "service %.*s", VIEW(service)))
		call_ok(call);
}

int ovd_op_teardown_service_overlay(struct call *call,
				    const struct ovd_teardown_service_overlay *request)
{
	int r = engine_service_teardown(call->daemon->engine, request->service, &call->plan,
					&call->intent);

	if (r == 0)
		channels_close_for(call->daemon, &call->plan);
	return change_run(call, r, call_ok, teardown_done);
}
