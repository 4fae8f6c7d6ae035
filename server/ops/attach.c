#include <errno.h>
#include <string.h>

#include "runtime/mac.h"
#include "schema/overlayd_ops.h"
#include "server/ops/change.h"
#include "server/ops/daemon.h"
#include "server/ops/death.h"
#include "server/ops/guest.h"
#include "server/ops/handle.h"
#include "server/ops/owner.h"
#include "server/ops/parse.h"
#include "server/ops/reap.h"
#include "server/store/identity.h"

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
	struct attaching *a = call->state;
	char name[HANDLE_NAME_MAX];

	net_owner_done(&a->owner);
	if (r < 0) /* before the call ends, and `a` with it */
		death_forget(call->daemon, &a->spec.owner);
	if (change_stands(call, r, "attach %s", handle_name(&a->spec.owner, name)))
		reply_attached(call, &a->spec.ip);
}

static const char *owner_error(int r)
{
	if (r == -ESRCH)
		return "no such process";
	if (r == -EINVAL)
		return "it is the daemon's own network namespace";
	if (r == -ENOTTY)
		return "it is not a network namespace";
	if (r == -EBADF)
		return "it is attached by a descriptor";
	return strerror(-r);
}

static int make_keys(struct call *call, struct attach_spec *spec)
{
	int r = identity_make(&spec->private_key, &spec->public_key);

	if (r < 0)
		call_fail(call, r, "a guest's key can't be made: %s", strerror(-r));
	return r;
}

/* Fills what the platform knows of it. */
static int open_owner(struct call *call, struct attaching *a)
{
	struct owner *owner = &a->spec.owner;
	char name[HANDLE_NAME_MAX];
	int r;

	if (owner->kind == HANDLE_GUEST)
		return make_keys(call, &a->spec);
	if (owner->kind == HANDLE_HOST)
		return 0;
	r = owner_open(call->daemon, owner, &a->owner);
	if (r < 0) {
		call_fail(call, r == -ENOTTY || r == -EBADF ? -EINVAL : r, "handle: %s: %s",
			  handle_name(owner, name), owner_error(r));
		return -EINVAL;
	}
	owner->netns_dev = a->owner.netns_dev;
	owner->netns_ino = a->owner.netns_ino;
	owner->start_time = a->owner.start_time;
	owner->netns = a->owner.netns;
	return 0;
}

static int attach(struct call *call, struct attaching *a)
{
	struct daemon *d = call->daemon;
	struct ovd_ip ip;
	bool guest = a->spec.owner.kind == HANDLE_GUEST;
	int r;

	if (owner_is_by_fd(&a->spec.owner)) /* an earlier one's number may be its own by now */
		death_look(d, &a->spec.owner);
	r = engine_attach(d->engine, &a->spec, owner_gone, d, &call->plan, &call->intent, &ip);
	if (r < 0)
		net_owner_done(&a->owner);
	if (r == -EALREADY) /* a client that lost our answer asks again */
		return guest ? guest_reply(call, a) : reply_attached(call, &ip);
	if (r == -ENOSPC)
		return change_grow(call, a->spec.service);
	if (r < 0)
		return change_refused(call, r);
	if (guest)
		return guest_attach(call, a);
	a->spec.ip = ip;
	death_watch(d, &a->spec.owner, a->owner.process);
	a->owner.process = -1;
	call->state = a;
	return call_run(call, attach_done);
}

static void warn_of_no_fence(struct call *call, const struct owner *owner)
{
	struct ovd_view network = call->request->attach_container.isolation_network;
	char name[HANDLE_NAME_MAX];

	if (network.p)
		log_at(call->daemon->log, LOG_WARN,
		       "%s is not fenced: isolation_network %.*s is not built yet",
		       handle_name(owner, name), VIEW(network));
}

int ovd_op_attach_container(struct call *call, const struct ovd_attach_container *request)
{
	struct attaching *a = telling_new(call, sizeof(*a));

	if (!a)
		return 0;
	a->owner = NET_OWNER_NONE;
	if (handle_parse(call, &request->handle, &a->spec.owner) < 0 ||
	    parse_attach(call, request, &a->spec) < 0 || open_owner(call, a) < 0)
		return 0;
	warn_of_no_fence(call, &a->spec.owner);
	return attach(call, a);
}

/* ---- detach ---- */

static void detach_done(struct call *call, int r)
{
	struct engine *e = call->daemon->engine;
	const struct attaching *a = call->state;
	const struct owner *who = &a->spec.owner;
	char name[HANDLE_NAME_MAX];

	if (r < 0 && a->telling.peer) /* of which the tunnel knows nothing any more */
		engine_peer_doubt(e, a->telling.peer);
	if (!change_stands(call, r, "detach %s", handle_name(who, name)))
		return;
	death_forget(call->daemon, who);
	reap_then_answer(call, a->spec.service);
}

static void detach_told(struct call *call)
{
	call_run(call, detach_done);
}

/* Whatever it was attached by. */
static void name_by_netns(struct call *call, struct owner *who)
{
	struct attachment_view known;

	if (who->kind == HANDLE_NETNS &&
	    engine_attachment_in(call->daemon->engine, who->netns_dev, who->netns_ino, &known))
		*who = known.owner;
}

int ovd_op_detach_container(struct call *call, const struct ovd_detach_container *request)
{
	struct attaching *a = telling_new(call, sizeof(*a));
	struct attachment_view known;
	struct owner *who;
	int r;

	if (!a)
		return 0;
	who = &a->spec.owner;
	if (handle_parse(call, &request->handle, who) < 0)
		return 0;
	if (request->handle.kind == OVD_ATTACH_HANDLE_LINUX_FD)
		name_by_netns(call, who);
	if (engine_attachment(call->daemon->engine, who, &known)) {
		a->spec.service = known.service;
		who->start_time = who->start_time ?: known.owner.start_time;
	}
	r = engine_detach(call->daemon->engine, who, &call->plan, &call->intent);
	if (r == 0 && who->kind == HANDLE_GUEST)
		return guest_detach(call, &a->telling, detach_told);
	if (r == 0)
		call->state = a;
	return change_run(call, r, call_ok, detach_done);
}

/* ---- list ---- */

struct listing {
	struct call *call;
	struct ovd_attachment *items;
	size_t n;
};

static struct ovd_view put_mac(struct arena *arena, const uint8_t mac[MAC_BYTES])
{
	char *text = arena_alloc(arena, MAC_TEXT_MAX);

	return text ? view(mac_format(mac, text)) : (struct ovd_view){ .p = NULL };
}

/* Names are the engine's own, which may have gone when the answer is written: that is at once. */
static void list_one(void *arg, const struct attachment_view *a)
{
	struct listing *listing = arg;
	struct ovd_attachment *item = &listing->items[listing->n++];

	*item = (struct ovd_attachment){
		.handle = handle_of(&a->owner),
		.service = a->service,
		.ip = a->ip,
		.has_joined_ip = a->joined,
		.joined_ip = a->joined_ip,
		.ephemeral = a->ephemeral,
	};
	if (a->host.n > 0) {
		item->interface = a->interface;
		item->host_interface = a->host;
	}
	if (a->has_mac)
		item->mac = put_mac(listing->call->arena, a->mac);
}

int ovd_op_list_attachments(struct call *call)
{
	const struct engine *e = call->daemon->engine;
	struct listing listing = { .call = call };

	listing.items =
		arena_alloc(call->arena, engine_attachment_count(e) * sizeof(*listing.items) + 1);
	if (!listing.items)
		return call_fail(call, -ENOMEM, "list_attachments: no memory");
	engine_each_attachment(e, list_one, &listing);
	return call_reply(call,
			  &(struct ovd_response){
				  .kind = OVD_RESPONSE_ATTACHMENTS,
				  .attachments = { .attachments = { listing.items, listing.n } },
			  });
}
