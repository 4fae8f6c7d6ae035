#include <errno.h>
#include <string.h>

#include "schema/overlayd_ops.h"
#include "server/ops/channel.h"
#include "server/ops/change.h"
#include "server/ops/daemon.h"
#include "server/ops/parse.h"

static void written(struct call *call, int r)
{
	if (change_stands(call, r, "set_local_node_id"))
		call_ok(call);
}

int ovd_op_set_local_node_id(struct call *call, const struct ovd_set_local_node_id *request)
{
	return change_run(call,
			  engine_set_node_id(call->daemon->engine, request->node_id, &call->plan,
					     &call->intent),
			  call_ok, written);
}

/* The device's key is the node's own, made by this daemon and told by status: what the cluster
 * believes can only be compared. */
int ovd_op_set_local_wg_pubkey(struct call *call, const struct ovd_set_local_wg_pubkey *request)
{
	struct daemon *d = call->daemon;
	struct ovd_key key;

	if (parse_key(call, "pubkey", request->pubkey, &key) < 0)
		return 0;
	if (!key_eq(&key, engine_public_key(d->engine)))
		log_at(d->log, LOG_WARN,
		       "the cluster knows this node by the key %.*s, but its key is %s",
		       VIEW(request->pubkey), engine_public_text(d->engine));
	return call_ok(call);
}

static int reply_bridge_name(struct call *call)
{
	return call_reply(
		call,
		&(struct ovd_response){
			.kind = OVD_RESPONSE_BRIDGE_NAME,
			.bridge_name = { .name = view(engine_global(call->daemon->engine).link) },
		});
}

static void moves_end(struct call *call)
{
	struct daemon *d = call->daemon;
	const char *name;
	size_t n = engine_services_outside(d->engine, &name);

	if (n > 0)
		log_at(d->log, LOG_WARN,
		       "%zu services, %s among them, keep subnets that other nodes don't know the "
		       "way to",
		       n, name);
	reply_bridge_name(call);
}

static void move_next(struct call *call);

static void moved(struct call *call, int r)
{
	struct daemon *d = call->daemon;

	if (r == 0) {
		engine_commit(d->engine, call->intent);
	} else if (!change_is_otherwise(call, r)) {
		engine_drop(d->engine, call->intent);
		log_at(d->log, LOG_WARN, "a service can't move into the node's range: %s",
		       call->plan.detail);
		moves_end(call);
		return;
	}
	move_next(call);
}

/* Services that were set up before this node's range was known. The tunnel stands whatever comes of
 * them. */
static void move_next(struct call *call)
{
	struct daemon *d = call->daemon;
	int r;

	plan_done(&call->plan);
	r = engine_service_move(d->engine, &call->plan, &call->intent);
	if (r == 0) {
		call_run(call, moved);
		return;
	}
	if (r != -EALREADY)
		log_at(d->log, LOG_WARN, "a service can't move into the node's range: %s",
		       r == -ENOMEM ? "no memory" : engine_reason(d->engine));
	moves_end(call);
}

static void setup_done(struct call *call, int r)
{
	struct daemon *d = call->daemon;

	if (!change_stands(call, r, "setup_global_overlay"))
		return;
	r = channel_follow(d, NODES_TUNNEL);
	if (r < 0)
		log_at(d->log, LOG_WARN, "tunnel %s: no control channel: %s",
		       engine_global(d->engine).link, strerror(-r));
	move_next(call);
}

static int check_name(struct call *call, const char *field, struct ovd_view name)
{
	if (name.n > 0)
		return 0;
	call_refuse(call, -EINVAL, field, "a name has 1 to 63 bytes");
	return -EINVAL;
}

static int parse_spec(struct call *call, const struct ovd_setup_global_overlay *request,
		      struct global_spec *ret)
{
	*ret = (struct global_spec){
		.deployment = request->deployment,
		.instance = request->instance_id,
		.has_slice = request->slice_cidr.p,
		.port = request->wg_port,
	};
	if (check_name(call, "deployment", request->deployment) < 0 ||
	    check_name(call, "instance_id", request->instance_id) < 0)
		return -EINVAL;
	if (parse_cidr(call, "cluster_cidr", request->cluster_cidr, &ret->cluster) < 0)
		return -EINVAL;
	return ret->has_slice ? parse_cidr(call, "slice_cidr", request->slice_cidr, &ret->slice)
			      : 0;
}

int ovd_op_setup_global_overlay(struct call *call, const struct ovd_setup_global_overlay *request)
{
	struct global_spec spec;

	if (parse_spec(call, request, &spec) < 0)
		return 0;
	return change_run(
		call, engine_global_setup(call->daemon->engine, &spec, &call->plan, &call->intent),
		reply_bridge_name, setup_done);
}

static void teardown_done(struct call *call, int r)
{
	if (r < 0)
		channel_follow(call->daemon, NODES_TUNNEL); /* the tunnel is there still */
	if (change_stands(call, r, "teardown_global_overlay"))
		call_ok(call);
}

int ovd_op_teardown_global_overlay(struct call *call)
{
	int r = engine_global_teardown(call->daemon->engine, &call->plan, &call->intent);

	if (r == 0)
		channel_close(call->daemon, NODES_TUNNEL);
	return change_run(call, r, call_ok, teardown_done);
}
