#include "server/ops/tell.h"

#include <errno.h>
#include <string.h>

#include "server/ops/change.h"

bool tell_is_gone(int r)
{
	return r == -ENODEV || r == -ENOENT || r == -ECONNREFUSED || r == -ENOTCONN;
}

/* As without a tunnel: the setup that makes the device again tells it. */
static void keep(struct call *call, int r)
{
	const struct telling *telling = call->state;
	struct daemon *d = call->daemon;

	log_at(d->log, LOG_WARN, "tunnel %s is gone (%s): the peer is kept for the next setup",
	       engine_tunnel_link(d->engine, telling->service), strerror(-r));
	engine_peer_doubt(d->engine, telling->peer);
	telling->finish(call);
}

/* A container's record is in the steps that are being undone: it is dropped behind them. */
static void drop_peer(struct call *call)
{
	const struct telling *telling = call->state;
	struct engine *e = call->daemon->engine;

	if (telling->peer != call->intent) {
		engine_attachment_drop_peer(e, call->intent);
		return;
	}
	engine_drop(e, call->intent);
	call->intent = NULL;
}

static void undone(struct call *call, int r _unused_)
{
	const struct telling *telling = call->state;
	const char *left = call->plan.detail;

	engine_drop(call->daemon->engine, call->intent);
	call_fail(call, telling->r, "the tunnel refused the peer: %s%s%s", strerror(-telling->r),
		  left[0] ? "; " : "", left);
}

static void told_again(struct call *call, int r _unused_)
{
	engine_drop(call->daemon->engine, call->intent);
	change_again(call);
}

/* Whoever serves the device next is told instead; if nobody does, that is as without a device. */
static bool is_worth_another(const struct call *call, int r)
{
	const struct telling *telling = call->state;

	return (r == -EPIPE || r == -ECANCELED) && !telling->again &&
	       channel_is_wanted(call->daemon, telling->service);
}

static void told(void *arg, int r, const struct tunnel_state *state _unused_)
{
	struct call *call = arg;
	struct telling *telling = call->state;

	if (r == 0) {
		telling->finish(call);
		return;
	}
	if (tell_is_gone(r)) {
		keep(call, r);
		return;
	}
	if (channel_is_unsure(r))
		engine_peer_doubt(call->daemon->engine, telling->peer);
	drop_peer(call);
	telling->r = r;
	call_undo(call, is_worth_another(call, r) ? told_again : undone);
}

static void tell_tunnel(struct call *call)
{
	struct telling *telling = call->state;
	int r;

	if (telling->change.n_peers == 0) {
		telling->finish(call);
		return;
	}
	r = channel_set(call->daemon, telling->service, &telling->change, &telling->wait, told,
			call);
	if (r < 0)
		told(call, r, NULL);
}

static void planned(struct call *call, int r)
{
	const struct telling *telling = call->state;

	if (r == 0) {
		tell_tunnel(call);
		return;
	}
	if (tell_is_gone(r) && !telling->strict) {
		keep(call, r);
		return;
	}
	engine_drop(call->daemon->engine, call->intent);
	call_fail(call, r, "peer: %s", call->plan.detail);
}

int tell_before_plan(struct call *call, struct telling *telling)
{
	call->state = telling;
	call_park(call);
	tell_tunnel(call);
	return 0;
}

int tell_after_plan(struct call *call, struct telling *telling)
{
	call->state = telling;
	return call->plan.n > 0 ? call_run(call, planned) : tell_before_plan(call, telling);
}

void *telling_new(struct call *call, size_t n)
{
	struct telling *telling = arena_alloc(call->arena, n);

	if (!telling) {
		call_fail(call, -ENOMEM, "no memory");
		return NULL;
	}
	telling->again = call->state;
	return telling;
}
