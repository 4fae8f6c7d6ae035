#include <errno.h>
#include <string.h>

#include "schema/overlayd_ops.h"
#include "server/ops/change.h"
#include "server/ops/daemon.h"
#include "server/ops/parse.h"
#include "server/ops/resolve.h"
#include "server/ops/tell.h"

/* ---- from an intent to an answer ---- */

static void look_up_host(struct call *call)
{
	struct ovd_endpoint endpoint;
	struct ovd_view host;
	struct ovd_key key;

	if (call->request->kind != OVD_REQUEST_ADD_PEER)
		return;
	if (parse_endpoint(call, "endpoint", call->request->add_peer.peer.endpoint, &endpoint,
			   &host) < 0 ||
	    !host.p ||
	    parse_key(call, "public_key", call->request->add_peer.peer.public_key, &key) < 0)
		return;
	resolve_peer(call->daemon, parse_scope(&call->request->add_peer.scope), &key, host);
}

static void finish(struct call *call)
{
	engine_commit(call->daemon->engine, call->intent);
	look_up_host(call);
	call_ok(call);
}

/* r is what the engine said. */
static int carry_out(struct call *call, int r, struct telling *telling)
{
	if (r == -EALREADY) {
		look_up_host(call); /* its address may be another one by now */
		return call_ok(call);
	}
	if (r < 0)
		return change_refused(call, r);
	telling->peer = call->intent;
	telling->finish = finish;
	return tell_after_plan(call, telling);
}

/* ---- operations ---- */

int ovd_op_add_peer(struct call *call, const struct ovd_add_peer *request)
{
	struct telling *telling;
	struct peer_spec spec;

	if (parse_peer(call, &request->peer, &spec) < 0)
		return 0;
	spec.service = parse_scope(&request->scope);
	telling = telling_new(call, sizeof(*telling));
	if (!telling)
		return 0;
	telling->service = spec.service;
	return carry_out(call,
			 engine_peer_set(call->daemon->engine, &spec, &call->plan, &telling->change,
					 &call->intent),
			 telling);
}

int ovd_op_remove_peer(struct call *call, const struct ovd_remove_peer *request)
{
	struct telling *telling;
	struct ovd_key key;

	if (parse_key(call, "pubkey", request->pubkey, &key) < 0)
		return 0;
	telling = telling_new(call, sizeof(*telling));
	if (!telling)
		return 0;
	telling->service = parse_scope(&request->scope);
	return carry_out(call,
			 engine_peer_remove(call->daemon->engine, telling->service, &key,
					    &call->plan, &telling->change, &call->intent),
			 telling);
}

static int change_prefix(struct call *call, const struct ovd_peer_scope *scope,
			 struct ovd_view pubkey, struct ovd_view prefix,
			 int (*change_peer)(struct engine *e, struct ovd_view service,
					    const struct ovd_key *key, const struct ovd_cidr *cidr,
					    struct plan *plan, struct tunnel_change *change,
					    struct intent **ret))
{
	struct telling *telling;
	struct ovd_cidr cidr;
	struct ovd_key key;

	if (parse_key(call, "pubkey", pubkey, &key) < 0 ||
	    parse_cidr(call, "cidr", prefix, &cidr) < 0)
		return 0;
	telling = telling_new(call, sizeof(*telling));
	if (!telling)
		return 0;
	telling->service = parse_scope(scope);
	return carry_out(call,
			 change_peer(call->daemon->engine, telling->service, &key, &cidr,
				     &call->plan, &telling->change, &call->intent),
			 telling);
}

int ovd_op_add_allowed_ip(struct call *call, const struct ovd_add_allowed_ip *request)
{
	return change_prefix(call, &request->scope, request->pubkey, request->cidr,
			     engine_peer_allow);
}

int ovd_op_remove_allowed_ip(struct call *call, const struct ovd_remove_allowed_ip *request)
{
	return change_prefix(call, &request->scope, request->pubkey, request->cidr,
			     engine_peer_disallow);
}
