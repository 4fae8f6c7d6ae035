#include <errno.h>
#include <string.h>

#include "schema/overlayd_ops.h"
#include "server/ops/change.h"
#include "server/ops/channel.h"
#include "server/ops/daemon.h"
#include "server/ops/parse.h"
#include "server/ops/resolve.h"

/* What the tunnel is told, in the call's arena. */
struct telling {
	bool again; /* it was told before, and its channel broke */
	struct tunnel_change change;
	struct channel_wait wait;
	int r; /* what came of it */
};

/* ---- from an intent to an answer: routes, mostly none, then the tunnel ---- */

static void look_up_host(struct call *call)
{
	struct ovd_endpoint endpoint;
	struct ovd_view host;
	struct ovd_key key;

	if (call->request->kind != OVD_REQUEST_ADD_PEER)
		return;
	if (parse_key(call, "public_key", call->request->add_peer.peer.public_key, &key) < 0 ||
	    parse_endpoint(call, "endpoint", call->request->add_peer.peer.endpoint, &endpoint,
			   &host) < 0)
		return;
	if (host.p)
		resolve_peer(call->daemon, &key, host);
}

static void finish(struct call *call)
{
	engine_commit(call->daemon->engine, call->intent);
	look_up_host(call);
	call_ok(call);
}

/* There is no device, or nobody behind it. */
static bool is_gone(int r)
{
	return r == -ENODEV || r == -ENOENT || r == -ECONNREFUSED || r == -ENOTCONN;
}

/* As without a tunnel: the setup that makes the device again tells it. */
static void keep(struct call *call, int r)
{
	struct daemon *d = call->daemon;

	log_at(d->log, LOG_WARN, "tunnel %s is gone (%s): the peer is kept for the next setup",
	       engine_global(d->engine).link, strerror(-r));
	engine_peer_doubt(d->engine, call->intent);
	finish(call);
}

static void undone(struct call *call, int r _unused_)
{
	const struct telling *telling = call->state;

	call_fail(call, telling->r, "the tunnel refused the peer: %s", strerror(-telling->r));
}

static void told_again(struct call *call, int r _unused_)
{
	call_again(call);
}

/* Whoever serves the device next is told instead; if nobody does, that is as without a device. */
static bool is_worth_another(const struct call *call, int r)
{
	const struct telling *telling = call->state;

	return (r == -EPIPE || r == -ECANCELED) && call->daemon->wants_tunnel && !telling->again;
}

static void told(void *arg, int r, const struct tunnel_state *state _unused_)
{
	struct call *call = arg;
	struct telling *telling = call->state;

	if (r == 0) {
		finish(call);
		return;
	}
	if (is_gone(r)) {
		keep(call, r);
		return;
	}
	if (channel_is_unsure(r))
		engine_peer_doubt(call->daemon->engine, call->intent);
	engine_drop(call->daemon->engine, call->intent);
	telling->r = r;
	call_undo(call, is_worth_another(call, r) ? told_again : undone);
}

static void tell_tunnel(struct call *call)
{
	struct telling *telling = call->state;
	int r;

	if (telling->change.n_peers == 0) {
		finish(call);
		return;
	}
	r = channel_set(call->daemon, &telling->change, &telling->wait, told, call);
	if (r < 0)
		told(call, r, NULL);
}

static void routed(struct call *call, int r)
{
	if (r == 0) {
		tell_tunnel(call);
		return;
	}
	if (is_gone(r)) {
		keep(call, r);
		return;
	}
	engine_drop(call->daemon->engine, call->intent);
	call_fail(call, r, "peer: %s", call->plan.detail);
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
	call->state = telling;
	if (call->plan.n > 0)
		return call_run(call, routed);
	call_park(call);
	tell_tunnel(call);
	return 0;
}

static struct telling *telling_new(struct call *call)
{
	struct telling *telling = arena_alloc(call->arena, sizeof(*telling));

	if (!telling)
		call_fail(call, -ENOMEM, "no memory");
	else
		telling->again = call->state;
	return telling;
}

/* ---- operations ---- */

static int parse_peer(struct call *call, const struct ovd_peer_spec *request, struct peer_spec *ret)
{
	*ret = (struct peer_spec){ .keepalive = (uint16_t)request->persistent_keepalive_secs };
	if (request->persistent_keepalive_secs > UINT16_MAX) {
		call_refuse(call, -ERANGE, "persistent_keepalive_secs", "%llu is above 65535",
			    (unsigned long long)request->persistent_keepalive_secs);
		return -ERANGE;
	}
	if (parse_key(call, "public_key", request->public_key, &ret->key) < 0 ||
	    parse_endpoint(call, "endpoint", request->endpoint, &ret->endpoint, &ret->host) < 0 ||
	    parse_cidr_list(call, "allowed_ips", request->allowed_ips, &ret->allowed,
			    &ret->n_allowed) < 0)
		return -EINVAL;
	ret->has_endpoint = !ret->host.p;
	return 0;
}

int ovd_op_add_peer(struct call *call, const struct ovd_add_peer *request)
{
	struct telling *telling;
	struct peer_spec spec;

	if (parse_scope(call, &request->scope) < 0 || parse_peer(call, &request->peer, &spec) < 0)
		return 0;
	telling = telling_new(call);
	if (!telling)
		return 0;
	return carry_out(call,
			 engine_peer_set(call->daemon->engine, &spec, &call->plan, &telling->change,
					 &call->intent),
			 telling);
}

int ovd_op_remove_peer(struct call *call, const struct ovd_remove_peer *request)
{
	struct telling *telling;
	struct ovd_key key;

	if (parse_scope(call, &request->scope) < 0 ||
	    parse_key(call, "pubkey", request->pubkey, &key) < 0)
		return 0;
	telling = telling_new(call);
	if (!telling)
		return 0;
	return carry_out(call,
			 engine_peer_remove(call->daemon->engine, &key, &call->plan,
					    &telling->change, &call->intent),
			 telling);
}

static int change_prefix(struct call *call, const struct ovd_peer_scope *scope,
			 struct ovd_view pubkey, struct ovd_view prefix,
			 int (*change_peer)(struct engine *e, const struct ovd_key *key,
					    const struct ovd_cidr *cidr, struct plan *plan,
					    struct tunnel_change *change, struct intent **ret))
{
	struct telling *telling;
	struct ovd_cidr cidr;
	struct ovd_key key;

	if (parse_scope(call, scope) < 0 || parse_key(call, "pubkey", pubkey, &key) < 0 ||
	    parse_cidr(call, "cidr", prefix, &cidr) < 0)
		return 0;
	telling = telling_new(call);
	if (!telling)
		return 0;
	return carry_out(call,
			 change_peer(call->daemon->engine, &key, &cidr, &call->plan,
				     &telling->change, &call->intent),
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
