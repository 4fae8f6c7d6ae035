/* sync_peers: all peers of a tunnel, in slices of the loop. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "schema/overlayd_ops.h"
#include "server/ops/change.h"
#include "server/ops/parse.h"
#include "server/ops/resolve.h"
#include "server/ops/slices.h"
#include "server/ops/tell.h"
#include "server/store/writer.h"

/* In the call's arena; call->state. */
struct syncing {
	struct slices slices;
	struct call *call;
	struct peer_spec *specs; /* of all that are listed, once they were read */
	size_t n;                /* of those that the phase has done */
	bool stands;             /* the tunnel was told: it is so */
	int r;                   /* or why it isn't */
	const char *why;         /* the same in words; NULL: no memory for them */
	struct sync_counts counts;
	struct tunnel_change change;
	struct channel_wait wait;
};

static struct syncing *syncing_of(struct slices *slices)
{
	return CONTAINER_OF(slices, struct syncing, slices);
}

static struct engine *engine_of(const struct syncing *s)
{
	return s->call->daemon->engine;
}

static struct ovd_view service_of(const struct syncing *s)
{
	return parse_scope(&s->call->request->sync_peers.scope);
}

static size_t n_wanted(const struct syncing *s)
{
	return s->call->request->sync_peers.peers.n;
}

/* How far this slice goes. */
static size_t slice_end(const struct syncing *s)
{
	return MIN(s->n + SLICE_ITEMS, n_wanted(s));
}

/* The next phase: its first slice at once, which is mostly all of it. */
static void go_on(struct syncing *s, bool (*slice)(struct slices *slices))
{
	s->n = 0;
	if (!slice(&s->slices) || slices_begin(s->call->daemon, &s->slices, slice) == 0)
		return;
	while (slice(&s->slices))
		continue;
}

/* ---- the end ---- */

static bool look_up_slice(struct slices *slices)
{
	struct syncing *s = syncing_of(slices);

	for (size_t end = slice_end(s); s->n < end; s->n++)
		if (s->specs[s->n].host.p)
			resolve_peer(s->call->daemon, service_of(s), &s->specs[s->n].key,
				     s->specs[s->n].host);
	if (s->n < n_wanted(s))
		return true;
	call_reply(s->call, &(struct ovd_response){
				    .kind = OVD_RESPONSE_PEERS_SYNCED,
				    .peers_synced = { .added = (uint32_t)s->counts.added,
						      .changed = (uint32_t)s->counts.changed,
						      .removed = (uint32_t)s->counts.removed,
						      .kept = (uint32_t)s->counts.kept },
			    });
	return false;
}

static void undone(struct call *call, int r _unused_)
{
	const struct syncing *s = call->state;
	const char *why = s->why ? s->why : "no memory";

	if (call->list)
		call_refuse(call, s->r, NULL, "%s", why);
	else
		call_fail(call, s->r, "%s", why);
}

/* All records of it are one change of the store. */
static bool end_slice(struct slices *slices)
{
	struct syncing *s = syncing_of(slices);

	if (engine_sync_end(engine_of(s), s->call->intent, s->stands, SLICE_ITEMS))
		return true;
	writer_release(s->call->daemon->writer);
	if (s->r == 0)
		go_on(s, look_up_slice);
	else if (s->call->plan.n_done > 0)
		call_undo(s->call, undone);
	else
		undone(s->call, 0);
	return false;
}

static void finish(struct syncing *s, bool stands)
{
	s->stands = stands;
	writer_hold(s->call->daemon->writer);
	go_on(s, end_slice);
}

/* The words live as long as the call. */
static void give_up(struct syncing *s, int r, const char *why)
{
	s->r = r;
	s->why = arena_copy(s->call->arena, why, strlen(why));
	finish(s, false);
}

/* ---- the tunnel ---- */

static bool tell_slice(struct slices *slices);

/* As without a tunnel: whoever makes it again, or opens its channel, tells it what is wanted. */
static void keep(struct syncing *s, int r)
{
	struct daemon *d = s->call->daemon;

	log_at(d->log, LOG_WARN, "tunnel %s is gone (%s): its peers are kept for the next setup",
	       engine_tunnel_link(d->engine, service_of(s)), strerror(-r));
	engine_sync_doubt(s->call->intent);
	finish(s, true);
}

static void told(void *arg, int r, const struct tunnel_state *state _unused_)
{
	struct syncing *s = arg;
	char why[128];

	if (r == 0) {
		go_on(s, tell_slice);
	} else if (tell_is_gone(r) || r == -EPIPE || r == -ECANCELED) {
		keep(s, r);
	} else {
		snprintf(why, sizeof(why), "the tunnel refused the peers: %s", strerror(-r));
		engine_sync_doubt(s->call->intent);
		give_up(s, r, why);
	}
}

/* Others are heard by the tunnel in between. */
static bool tell_slice(struct slices *slices)
{
	struct syncing *s = syncing_of(slices);
	int r = engine_sync_tell(engine_of(s), s->call->intent, SLICE_ITEMS, &s->change);

	if (r == 1 && s->change.n_peers == 0)
		return true;
	if (r >= 0 && s->change.n_peers == 0) {
		finish(s, true);
		return false;
	}
	if (r >= 0)
		r = channel_set(s->call->daemon, service_of(s), &s->change, &s->wait, told, s);
	if (r < 0)
		told(s, r, NULL);
	return false;
}

static void planned(struct call *call, int r)
{
	struct syncing *s = call->state;

	if (r == 0)
		go_on(s, tell_slice);
	else if (tell_is_gone(r))
		keep(s, r);
	else
		give_up(s, r, call->plan.detail);
}

/* ---- what differs ---- */

static bool plan_slice(struct slices *slices)
{
	struct syncing *s = syncing_of(slices);
	struct call *call = s->call;
	int r = engine_sync_plan(engine_of(s), call->intent, SLICE_ITEMS, &call->plan);

	if (r > 0)
		return true;
	s->counts = engine_sync_counts(call->intent);
	if (r < 0)
		give_up(s, r, "no memory");
	else if (s->counts.added + s->counts.changed + s->counts.removed == 0)
		finish(s, false);
	else if (call->plan.n > 0)
		call_run(call, planned);
	else
		go_on(s, tell_slice);
	return false;
}

static bool want_slice(struct slices *slices)
{
	struct syncing *s = syncing_of(slices);
	int r = 0;

	for (size_t end = slice_end(s); s->n < end && r == 0; s->n++)
		r = engine_sync_want(engine_of(s), s->call->intent, &s->specs[s->n]);
	if (r < 0) {
		s->call->list = "peers";
		s->call->item = s->n - 1;
		give_up(s, r, r == -ENOMEM ? "no memory" : engine_reason(engine_of(s)));
		return false;
	}
	if (s->n < n_wanted(s))
		return true;
	go_on(s, plan_slice);
	return false;
}

/* ---- what is wanted ---- */

/* Only then others have to wait. */
static int begin(struct syncing *s)
{
	struct call *call = s->call;
	int r = engine_sync_begin(engine_of(s), service_of(s), &call->intent);

	if (r < 0)
		return change_refused(call, r);
	call_park(call);
	go_on(s, want_slice);
	return 0;
}

static bool parse_slice(struct slices *slices)
{
	struct syncing *s = syncing_of(slices);
	struct call *call = s->call;

	call->list = "peers";
	for (size_t end = slice_end(s); s->n < end; s->n++) {
		call->item = s->n;
		if (parse_peer(call, &call->request->sync_peers.peers.items[s->n],
			       &s->specs[s->n]) < 0)
			return false;
	}
	if (s->n < n_wanted(s))
		return true;
	call->list = NULL;
	call->state = s;
	call_again(call);
	return false;
}

int ovd_op_sync_peers(struct call *call, const struct ovd_sync_peers *request)
{
	struct syncing *s = call->state;

	if (s)
		return begin(s);
	s = arena_alloc(call->arena, sizeof(*s));
	if (!s)
		return call_fail(call, -ENOMEM, "no memory");
	*s = (struct syncing){ .call = call,
			       .specs = arena_alloc(call->arena,
						    request->peers.n * sizeof(*s->specs) + 1) };
	if (!s->specs)
		return call_fail(call, -ENOMEM, "no memory");
	call_park(call);
	go_on(s, parse_slice);
	return 0;
}
