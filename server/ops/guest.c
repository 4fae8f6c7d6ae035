#include "server/ops/guest.h"

#include <errno.h>

#include "schema/overlayd_ops.h"
#include "server/ops/change.h"

#define KEEPALIVE                                                                                  \
	25 /* seconds, as the reference answers: a guest mostly is behind a translation            \
	    */

/* ---- the answer ---- */

/* This node, as a guest is to have it. The texts lie in the arena. */
static struct ovd_peer_spec node_as_peer(struct call *call, uint16_t port)
{
	const struct engine *e = call->daemon->engine;
	const struct global_view node = engine_global(e);
	const struct ovd_endpoint endpoint = { .ip = node.node_ip, .port = port };
	char *at = arena_alloc(call->arena, ENDPOINT_TEXT_MAX);
	char *allowed = arena_alloc(call->arena, CIDR_TEXT_MAX);

	return (struct ovd_peer_spec){
		.public_key = view(engine_public_text(e)),
		.endpoint = view(at ? endpoint_format(&endpoint, at) : ""),
		.allowed_ips = view(allowed ? cidr_format(&node.cluster, allowed) : ""),
		.persistent_keepalive_secs = KEEPALIVE,
	};
}

static void reply(struct call *call, const struct owner *who, uint16_t port)
{
	const struct ovd_attach_container *request = &call->request->attach_container;
	struct ovd_peer_spec node = node_as_peer(call, port);
	struct attachment_view guest;

	if (!engine_attachment(call->daemon->engine, who, &guest)) {
		call_fail(call, -ECANCELED, "attach: the guest was detached meanwhile");
		return;
	}
	call_reply(call, &(struct ovd_response){
				 .kind = OVD_RESPONSE_GUEST_CONFIG,
				 .guest_config = {
					 .overlay_ip = guest.ip,
					 .prefix_len = guest.prefix_len,
					 .private_key = guest.private_key,
					 .public_key = guest.public_key,
					 .listen_port = port,
					 .peers = { &node, 1 },
					 .has_dns_server = request->has_dns_server,
					 .dns_server = request->dns_server,
					 .dns_domain = request->dns_domain,
				 },
			 });
}

static void port_known(void *arg, int r, const struct tunnel_state *state)
{
	struct call *call = arg;
	const struct attaching *a = call->state;

	reply(call, &a->spec.owner, r == 0 ? state->listen_port : 0);
}

/* The port may be the system's choice. */
int guest_reply(struct call *call, struct attaching *a)
{
	uint16_t port = engine_global(call->daemon->engine).port;

	call->state = a;
	if (port == 0 && channel_get(call->daemon, NODES_TUNNEL, &a->wait, port_known, call) == 0)
		return call_park(call);
	reply(call, &a->spec.owner, port);
	return 0;
}

/* ---- attach, detach ---- */

static void attached(struct call *call)
{
	engine_commit(call->daemon->engine, call->intent);
	call->intent = NULL;
	guest_reply(call, call->state);
}

int guest_attach(struct call *call, struct attaching *a)
{
	a->telling.change = engine_attachment_change(call->intent, &a->telling.peer);
	a->telling.finish = attached;
	a->telling.strict = true;
	return tell_after_plan(call, &a->telling);
}

int guest_detach(struct call *call, struct telling *telling, void (*finish)(struct call *call))
{
	telling->change = engine_attachment_change(call->intent, &telling->peer);
	telling->finish = finish;
	return tell_before_plan(call, telling);
}
