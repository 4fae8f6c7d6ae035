#include <errno.h>
#include <string.h>

#include "schema/overlayd_ops.h"
#include "server/ops/change.h"
#include "server/ops/daemon.h"
#include "server/ops/later.h"
#include "server/ops/owner.h"

/* Which handle it is, for those that are not built yet; NULL for a process. */
static const char *handle_later(const struct ovd_attach_handle *handle)
{
	switch (handle->kind) {
	case OVD_ATTACH_HANDLE_LINUX_PID:
		return NULL;
	case OVD_ATTACH_HANDLE_WINDOWS_CONTAINER:
		return "handle windows_container";
	case OVD_ATTACH_HANDLE_GUEST_MANAGED:
		return "handle guest_managed";
	case OVD_ATTACH_HANDLE_HOST_SHARED:
		return "handle host_shared";
	}
	return NULL;
}

/* ---- attach ---- */

static int reply_attached(struct call *call, const struct ovd_ip *ip)
{
	return call_reply(call, &(struct ovd_response){
					.kind = OVD_RESPONSE_ATTACHED,
					.attached = {
						.ip = *ip,
						.has_isolated = call->request->attach_container.isolation_network.p,
						.isolated = false,
					},
				});
}

static void attach_done(struct call *call, int r)
{
	const struct step_veth *veth;
	size_t i = 0;

	while (plan_at(&call->plan, i)->kind != STEP_VETH)
		i++;
	veth = &plan_at(&call->plan, i)->veth;
	net_owner_done(&(struct net_owner){ .netns = veth->netns });
	if (change_stands(call, r, "attach pid %u",
			  call->request->attach_container.handle.linux_pid.pid))
		reply_attached(call, &veth->ip);
}

static const char *owner_error(int r)
{
	if (r == -ESRCH || r == -ENOENT)
		return "no such process";
	if (r == -EINVAL)
		return "it shares the daemon's network namespace";
	return strerror(-r);
}

static int attach(struct call *call, const struct ovd_attach_container *request,
		  struct net_owner *owner)
{
	struct daemon *d = call->daemon;
	struct attach_spec spec = {
		.owner = { .netns_dev = owner->netns_dev,
			   .netns_ino = owner->netns_ino,
			   .start_time = owner->start_time,
			   .pid = owner->pid,
			   .netns = owner->netns },
		.service = request->service,
		.join_global = request->join_global,
		.ephemeral = request->ephemeral,
	};
	struct ovd_ip ip;
	int r = engine_attach(d->engine, &spec, owner_gone, d, &call->plan, &call->intent, &ip);

	if (r == -EALREADY) /* a client that lost our answer asks again */
		return reply_attached(call, &ip);
	if (r < 0)
		return change_refused(call, r);
	owner->netns = -1; /* the plan's now */
	return call_run(call, attach_done);
}

int ovd_op_attach_container(struct call *call, const struct ovd_attach_container *request)
{
	struct daemon *d = call->daemon;
	_cleanup_(net_owner_done) struct net_owner owner = { .netns = -1 };
	const char *missing = handle_later(&request->handle);
	uint32_t pid = request->handle.linux_pid.pid;
	int r;

	if (missing)
		return later(call, missing);
	r = d->net->owner_open(d->net->platform, pid, &owner);
	if (r < 0)
		return call_fail(call, r, "handle: pid %u: %s", pid, owner_error(r));
	if (request->isolation_network.p)
		log_at(d->log, LOG_WARN,
		       "pid %u is not fenced: isolation_network %.*s is not built yet", pid,
		       VIEW(request->isolation_network));
	return attach(call, request, &owner);
}

/* ---- detach ---- */

/* The container is detached whatever comes of its service, which stays to be torn down if this
 * failed. */
static void reaped(struct call *call, int r)
{
	struct engine *e = call->daemon->engine;

	if (r < 0) {
		engine_drop(e, call->intent);
		log_at(call->daemon->log, LOG_WARN,
		       "a service could not go with its last container: %s", call->plan.detail);
	} else {
		engine_commit(e, call->intent);
	}
	call_ok(call);
}

static void detach_done(struct call *call, int r)
{
	struct engine *e = call->daemon->engine;

	if (!change_stands(call, r, "detach pid %u",
			   call->request->detach_container.handle.linux_pid.pid))
		return;
	call->intent = NULL;
	plan_clear(&call->plan);
	if (engine_service_reap(e, &call->plan, &call->intent) == 0)
		call_run(call, reaped);
	else
		call_ok(call);
}

int ovd_op_detach_container(struct call *call, const struct ovd_detach_container *request)
{
	const char *missing = handle_later(&request->handle);

	if (missing)
		return later(call, missing);
	return change_run(call,
			  engine_detach(call->daemon->engine, request->handle.linux_pid.pid,
					&call->plan, &call->intent),
			  call_ok, detach_done);
}
