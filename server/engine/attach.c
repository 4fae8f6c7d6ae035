#include <errno.h>
#include <string.h>

#include "server/engine/attachment.h"
#include "server/engine/segment.h"

struct attach_intent {
	struct attachment_intent base;
	struct attachment *fresh;
	struct attachment *leaving[2]; /* what it replaces: the record of the same handle, that of
					  the same namespace */
};

static void attach_commit(struct engine *e, struct intent *intent)
{
	struct attach_intent *i = CONTAINER_OF(intent, struct attach_intent, base.intent);

	engine_commit(e, i->base.peer);
	for (size_t n = 0; n < ARRAY_SIZE(i->leaving); n++)
		if (i->leaving[n])
			attachment_release(e, i->leaving[n]);
	attachment_rest(e, i->fresh);
	spare_give(&e->spare, i, sizeof(*i));
}

/* Its container is gone: somebody else may have taken its process number or namespace meanwhile. */
static void record_restore(struct engine *e, struct attachment *a)
{
	attachment_rest(e, a);
	if (attachment_is_known(e, &a->owner))
		attachment_release(e, a);
	else
		attachment_insert(e, a);
}

static void attach_drop(struct engine *e, struct intent *intent)
{
	struct attach_intent *i = CONTAINER_OF(intent, struct attach_intent, base.intent);

	engine_drop(e, i->base.peer);
	if (i->fresh) {
		attachment_rest(e, i->fresh);
		attachment_remove(e, i->fresh);
		attachment_release(e, i->fresh);
	}
	for (size_t n = 0; n < ARRAY_SIZE(i->leaving); n++)
		if (i->leaving[n])
			record_restore(e, i->leaving[n]);
	spare_give(&e->spare, i, sizeof(*i));
}

/* ---- what is so already ---- */

static bool same_owner(const struct owner *a, const struct owner *b)
{
	return a->start_time == b->start_time && a->netns_ino == b->netns_ino &&
	       a->netns_dev == b->netns_dev;
}

static int is_otherwise(struct engine *e, const struct attachment *a, const char *how)
{
	char handle[HANDLE_TEXT_MAX];

	return engine_refuse(e, -EEXIST, "%s is attached %s: detach it first",
			     handle_text(&a->owner, handle), how);
}

static bool has_mac(const struct attachment *a, const struct attach_spec *spec)
{
	return a->extras && a->extras->has_mac &&
	       memcmp(a->extras->mac, spec->mac, sizeof(spec->mac)) == 0;
}

static int is_mac_otherwise(struct engine *e, const struct attachment *a,
			    const uint8_t asked[MAC_BYTES])
{
	char handle[HANDLE_TEXT_MAX], mac[MAC_TEXT_MAX], wanted[MAC_TEXT_MAX];
	bool chosen = a->extras && a->extras->has_mac;

	return engine_refuse(
		e, -EEXIST, "%s is attached with %s%s: detach it before it gets %s",
		handle_text(&a->owner, handle), chosen ? "mac " : "a mac of the kernel's choice",
		chosen ? mac_format(a->extras->mac, mac) : "", mac_format(asked, wanted));
}

/* What is not asked for may be as it is. */
static int check_wishes(struct engine *e, const struct attachment *a,
			const struct attach_spec *spec)
{
	char handle[HANDLE_TEXT_MAX], ip[IP_TEXT_MAX], wanted[IP_TEXT_MAX];
	const char *interface = attachment_interface(a);

	if (spec->ip.len && !ip_eq(&spec->ip, &a->ip))
		return engine_refuse(e, -EEXIST,
				     "%s is attached with address %s: detach it before it gets %s",
				     handle_text(&a->owner, handle), ip_format(&a->ip, ip),
				     ip_format(&spec->ip, wanted));
	if (spec->interface.p && !view_eq(spec->interface, view(interface)))
		return engine_refuse(
			e, -EEXIST,
			"%s is attached with interface %s: detach it before it gets %.*s",
			handle_text(&a->owner, handle), interface, VIEW(spec->interface));
	if (spec->has_mac && !has_mac(a, spec))
		return is_mac_otherwise(e, a, spec->mac);
	if (spec->request && spec->request != (a->extras ? a->extras->request : 0))
		return is_otherwise(e, a, "by another request");
	return 0;
}

static int attached_already(struct engine *e, const struct attachment *a,
			    const struct attach_spec *spec, struct ovd_ip *ret_ip)
{
	char handle[HANDLE_TEXT_MAX];
	int r;

	if (a->busy)
		return -EINPROGRESS;
	if (a->half_gone || a->unfinished)
		return engine_refuse(e, -EEXIST,
				     "%s is half detached, as something failed or its link was "
				     "deleted: detach it first",
				     handle_text(&a->owner, handle));
	if (!view_eq(view(a->service->name), spec->service))
		return engine_refuse(
			e, -EEXIST,
			"%s is attached to service %s: detach it before it goes to %.*s",
			handle_text(&a->owner, handle), a->service->name, VIEW(spec->service));
	if (a->asked_join != spec->join_global)
		return is_otherwise(
			e, a, a->asked_join ? "with join_global true" : "with join_global false");
	if (a->ephemeral != spec->ephemeral)
		return is_otherwise(e, a,
				    a->ephemeral ? "with ephemeral true" : "with ephemeral false");
	r = check_wishes(e, a, spec);
	if (r < 0)
		return r;
	*ret_ip = a->ip;
	return -EALREADY;
}

/* Finds the records that stand in the way; they may go if their owner is gone. */
static int find_leaving(struct engine *e, const struct attach_spec *spec,
			bool (*gone)(const void *, const struct owner *), const void *arg,
			struct attachment *leaving[2])
{
	char asked[HANDLE_TEXT_MAX], known[HANDLE_TEXT_MAX];

	leaving[0] = attachment_by_handle(e, &spec->owner);
	leaving[1] = attachment_by_netns(e, &spec->owner);
	if (leaving[1] == leaving[0])
		leaving[1] = NULL;
	for (size_t n = 0; n < 2; n++) {
		if (leaving[n] && leaving[n]->busy)
			return -EINPROGRESS;
		if (leaving[n] && !gone(arg, &leaving[n]->owner))
			return engine_refuse(e, -EEXIST,
					     "the network namespace of %s is attached by %s",
					     handle_text(&spec->owner, asked),
					     handle_text(&leaving[n]->owner, known));
	}
	return 0;
}

/* ---- a new one ---- */

/* A guest is its peer, a process of the host has an address of it. */
static int check_tunnel(struct engine *e)
{
	if (e->global.busy || e->peers.waits)
		return -EINPROGRESS;
	return e->global.up ? 0
			    : engine_refuse(e, -ENOENT,
					    "the global overlay is not set up: "
					    "setup_global_overlay comes first");
}

static int find_service(struct engine *e, const struct attach_spec *spec, struct service **ret)
{
	struct service *service = service_find(e, spec->service);

	if (!service || service->leaving)
		return engine_refuse(e, -ENOENT,
				     "service %.*s %s: setup_service_overlay comes first",
				     VIEW(spec->service),
				     service ? "goes with its last container" : "is not set up");
	if (service->segment->busy || (spec->join_global && e->global.busy))
		return -EINPROGRESS;
	*ret = service;
	return owner_has_netns(&spec->owner) ? 0 : check_tunnel(e);
}

static int claim_address(struct engine *e, struct attachment *a, const struct ovd_ip *ip)
{
	struct pool *pool =
		a->owner.kind == HANDLE_HOST ? &e->global.pool : segment_pool_of(a->segment, ip);
	char text[IP_TEXT_MAX], block[CIDR_TEXT_MAX];

	if (!pool || !cidr_holds(&pool->block, ip))
		return engine_refuse(e, -EINVAL, "ip: %s is not in a subnet of %s %s",
				     ip_format(ip, text), pool ? "the node, for" : "service",
				     a->service->name);
	if (pool_claim(pool, ip) < 0)
		return engine_refuse(e, -EEXIST, "ip: %s is in use, or reserved in subnet %s",
				     ip_format(ip, text), cidr_format(&pool->block, block));
	a->ip = *ip;
	return 0;
}

static int node_full(struct engine *e)
{
	char text[CIDR_TEXT_MAX];

	return engine_refuse(e, -ENOSPC, "the node's block %s is full: %u addresses are in use",
			     cidr_format(&e->global.pool.block, text), e->global.pool.n_given);
}

static int take_address(struct engine *e, struct attachment *a)
{
	if (a->owner.kind == HANDLE_HOST)
		return pool_take(&e->global.pool, &a->ip) < 0 ? node_full(e) : 0;
	return segment_take(a->segment, &a->ip) < 0 ? segment_refuse_full(e, a->service) : 0;
}

static int take_addresses(struct engine *e, struct attachment *a, const struct ovd_ip *wanted)
{
	int r = wanted->len ? claim_address(e, a, wanted) : take_address(e, a);

	if (r < 0 || !a->joined || pool_take(&e->global.pool, &a->joined_ip) == 0)
		return r;
	pool_give(attachment_pool(e, a), &a->ip);
	return node_full(e);
}

static int make_record(struct engine *e, const struct attach_spec *spec, struct service *service,
		       struct attachment **ret)
{
	struct extras extras = { .request = spec->request, .has_mac = spec->has_mac };
	struct attachment *a;
	int r;

	memcpy(extras.mac, spec->mac, sizeof(extras.mac));
	if (spec->interface.p && !view_eq(spec->interface, VIEW_LITERAL("eth0")))
		text_copy(extras.interface, sizeof(extras.interface), spec->interface);
	if (spec->owner.kind == HANDLE_GUEST) {
		key_format(&spec->private_key, extras.private_key);
		key_format(&spec->public_key, extras.public_key);
	}
	a = attachment_new(e, &spec->owner, &extras, service);
	explicit_bzero(extras.private_key, sizeof(extras.private_key));
	if (!a)
		return -ENOMEM;
	a->asked_join = spec->join_global;
	a->joined = spec->join_global && e->global.up && owner_has_netns(&spec->owner);
	a->ephemeral = spec->ephemeral;
	attachment_busy(e, a);
	r = take_addresses(e, a, &spec->ip);
	if (r < 0) {
		attachment_rest(e, a);
		attachment_free(e, a);
		return r;
	}
	attachment_count(a);
	*ret = a;
	return 0;
}

static int plan_veth(const struct engine *e, const struct attachment *a, int netns,
		     struct plan *plan)
{
	struct step_veth *veth = &PLAN_ADD(plan, STEP_VETH)->veth;
	const struct pool *pool = segment_pool_of(a->segment, &a->ip);

	veth->netns = netns;
	text_copy(veth->host, sizeof(veth->host), view(a->host[0]));
	text_copy(veth->guest, sizeof(veth->guest), view(attachment_interface(a)));
	text_copy(veth->bridge, sizeof(veth->bridge), view(a->segment->link));
	alias_of_attachment(e, a, veth->alias);
	veth->has_mac = a->extras && a->extras->has_mac;
	if (veth->has_mac)
		memcpy(veth->mac, a->extras->mac, sizeof(veth->mac));
	veth->ip = a->ip;
	veth->prefix_len = pool->block.prefix_len;
	veth->gateway = pool_gateway(pool);
	return 0;
}

static int plan_join(const struct engine *e, const struct attachment *a, int netns,
		     struct plan *plan)
{
	struct step_join *join = &PLAN_ADD(plan, STEP_JOIN)->join;

	join->netns = netns;
	text_copy(join->host, sizeof(join->host), view(a->host[1]));
	text_copy(join->guest, sizeof(join->guest), VIEW_LITERAL("eth1"));
	alias_of_attachment(e, a, join->alias);
	join->ip = a->joined_ip;
	join->node_ip = pool_gateway(&e->global.pool);
	join->block = e->global.pool.block;
	return 0;
}

static int plan_interfaces(const struct engine *e, const struct attachment *a, int netns,
			   struct plan *plan)
{
	int r = plan_veth(e, a, netns, plan);

	return r == 0 && a->joined ? plan_join(e, a, netns, plan) : r;
}

/* What makes it be there. */
static int plan_fresh(struct engine *e, struct attach_intent *i, int netns, struct plan *plan)
{
	int r;

	switch (i->fresh->owner.kind) {
	case HANDLE_PID:
	case HANDLE_NETNS:
		return plan_interfaces(e, i->fresh, netns, plan);
	case HANDLE_GUEST:
		r = guest_plan_proxy(i->fresh, STEP_PROXY, plan);
		return r == 0 ? guest_plan_peer(e, i->fresh, plan, &i->base) : r;
	case HANDLE_HOST:
		return host_plan_alias(e, i->fresh, STEP_ALIAS, plan);
	}
	return -EINVAL;
}

/* What is unfinished in the store is taken away by the next daemon: nobody was told of it. */
static int plan_attach(struct engine *e, struct attach_intent *i, int netns, struct plan *plan)
{
	int r = 0;

	for (size_t n = 0; n < ARRAY_SIZE(i->leaving) && r == 0; n++)
		if (i->leaving[n])
			r = attachment_plan_goodbye(e, i->leaving[n], plan);
	if (r == 0)
		r = plan_remember(plan, record_of_attachment(i->fresh, true));
	if (r == 0)
		r = plan_fresh(e, i, netns, plan);
	if (r == 0)
		r = plan_remember_instead(plan, record_of_attachment(i->fresh, false),
					  record_of_attachment(i->fresh, true));
	return r;
}

/* Puts the fresh record into the place of those that leave. */
static void swap_records(struct engine *e, struct attach_intent *i, struct attachment *fresh,
			 struct attachment *leaving[2])
{
	for (size_t n = 0; n < ARRAY_SIZE(i->leaving); n++) {
		i->leaving[n] = leaving[n];
		if (leaving[n]) {
			attachment_busy(e, leaving[n]);
			attachment_remove(e, leaving[n]);
		}
	}
	attachment_insert(e, fresh);
	i->fresh = fresh;
}

int engine_attach(struct engine *e, const struct attach_spec *spec,
		  bool (*gone)(const void *arg, const struct owner *owner), const void *arg,
		  struct plan *plan, struct intent **ret, struct ovd_ip *ret_ip)
{
	struct attachment *known = attachment_by_handle(e, &spec->owner), *fresh, *leaving[2];
	struct service *service = NULL;
	struct attach_intent *i;
	int r;

	if (known && same_owner(&known->owner, &spec->owner))
		return attached_already(e, known, spec, ret_ip);
	r = find_leaving(e, spec, gone, arg, leaving);
	if (r == 0)
		r = find_service(e, spec, &service);
	if (r < 0)
		return r;
	i = spare_take(&e->spare, sizeof(*i));
	if (!i)
		return -ENOMEM;
	i->base.intent = (struct intent){ .commit = attach_commit, .drop = attach_drop };
	r = make_record(e, spec, service, &fresh);
	if (r == 0) {
		swap_records(e, i, fresh, leaving);
		r = plan_attach(e, i, spec->owner.netns, plan);
	}
	if (r < 0) {
		attach_drop(e, &i->base.intent);
		return r;
	}
	*ret = &i->base.intent;
	*ret_ip = fresh->ip;
	return 0;
}
