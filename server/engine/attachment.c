#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "server/engine/name.h"
#include "server/engine/record.h"

struct attach_intent {
	struct intent intent;
	struct attachment *fresh;
	struct attachment *leaving[2]; /* what it replaces: the record of the same pid, that of the
					  same namespace */
};

struct detach_intent {
	struct intent intent;
	struct attachment *leaving;
	bool with_service;          /* which goes with it */
	struct state_prefix subnet; /* of that, for its record */
};

/* ---- records ---- */

static int compare_u64(uint64_t a, uint64_t b)
{
	return (a > b) - (a < b);
}

static int compare_pid(const struct tree_node *a, const struct tree_node *b)
{
	const struct attachment *x = CONTAINER_OF(a, struct attachment, by_pid),
				*y = CONTAINER_OF(b, struct attachment, by_pid);

	return compare_u64(x->owner.pid, y->owner.pid);
}

static int compare_netns(const struct tree_node *a, const struct tree_node *b)
{
	const struct attachment *x = CONTAINER_OF(a, struct attachment, by_netns),
				*y = CONTAINER_OF(b, struct attachment, by_netns);
	int order = compare_u64(x->owner.netns_ino, y->owner.netns_ino);

	return order ? order : compare_u64(x->owner.netns_dev, y->owner.netns_dev);
}

static struct attachment *find_pid(const struct engine *e, const struct owner *owner)
{
	struct attachment key = { .owner = *owner };
	struct tree_node *found = tree_find(e->attachments_by_pid, &key.by_pid, compare_pid);

	return found ? CONTAINER_OF(found, struct attachment, by_pid) : NULL;
}

static struct attachment *find_netns(const struct engine *e, const struct owner *owner)
{
	struct attachment key = { .owner = *owner };
	struct tree_node *found = tree_find(e->attachments_by_netns, &key.by_netns, compare_netns);

	return found ? CONTAINER_OF(found, struct attachment, by_netns) : NULL;
}

void attachment_insert(struct engine *e, struct attachment *a)
{
	tree_insert(&e->attachments_by_pid, &a->by_pid, compare_pid);
	tree_insert(&e->attachments_by_netns, &a->by_netns, compare_netns);
	a->next = a->segment->attached;
	a->at = &a->segment->attached;
	if (a->next)
		a->next->at = &a->next;
	a->segment->attached = a;
	e->n_attachments++;
}

bool attachment_is_known(const struct engine *e, const struct owner *owner)
{
	return find_pid(e, owner) || find_netns(e, owner);
}

static void record_remove(struct engine *e, struct attachment *a)
{
	tree_delete(&e->attachments_by_pid, &a->by_pid, compare_pid);
	tree_delete(&e->attachments_by_netns, &a->by_netns, compare_netns);
	*a->at = a->next;
	if (a->next)
		a->next->at = a->at;
	e->n_attachments--;
}

size_t segment_ports(const struct segment *segment, char (*ports)[LINK_NAME_MAX])
{
	size_t n = 0;

	for (const struct attachment *a = segment->attached; a; a = a->next)
		text_copy(ports[n++], LINK_NAME_MAX, view(a->host[0]));
	return n;
}

/* Gives back what the record holds, and frees it. */
static void record_release(struct engine *e, struct attachment *a)
{
	pool_give(&a->segment->pool, &a->ip);
	if (a->joined)
		pool_give(&e->global.pool, &a->joined_ip);
	a->segment->n_attached--;
	a->service->n_attached--;
	spare_give(&e->spare, a, sizeof(*a));
}

void engine_free_attachments(struct engine *e)
{
	struct tree_node *at;
	struct tree_walk walk;

	for (at = tree_first(&walk, e->attachments_by_pid); at; at = tree_next(&walk)) {
		struct attachment *a = CONTAINER_OF(at, struct attachment, by_pid);

		spare_give(&e->spare, a, sizeof(*a));
	}
}

size_t engine_attachment_count(const struct engine *e)
{
	return e->n_attachments;
}

/* ---- attach ---- */

static void attach_commit(struct engine *e, struct intent *intent)
{
	struct attach_intent *i = CONTAINER_OF(intent, struct attach_intent, intent);

	for (size_t n = 0; n < ARRAY_SIZE(i->leaving); n++)
		if (i->leaving[n])
			record_release(e, i->leaving[n]);
	i->fresh->busy = false;
	spare_give(&e->spare, i, sizeof(*i));
}

static void record_restore(struct engine *e, struct attachment *a)
{
	a->busy = false;
	attachment_insert(e, a);
}

static void attach_drop(struct engine *e, struct intent *intent)
{
	struct attach_intent *i = CONTAINER_OF(intent, struct attach_intent, intent);

	if (i->fresh) {
		record_remove(e, i->fresh);
		record_release(e, i->fresh);
	}
	for (size_t n = 0; n < ARRAY_SIZE(i->leaving); n++)
		if (i->leaving[n])
			record_restore(e, i->leaving[n]);
	spare_give(&e->spare, i, sizeof(*i));
}

static bool same_owner(const struct owner *a, const struct owner *b)
{
	return a->pid == b->pid && a->start_time == b->start_time && a->netns_ino == b->netns_ino &&
	       a->netns_dev == b->netns_dev;
}

static int attached_already(struct engine *e, const struct attachment *a,
			    const struct attach_spec *spec, struct ovd_ip *ret_ip)
{
	if (a->busy)
		return -EINPROGRESS;
	if (!view_eq(view(a->service->name), spec->service))
		return engine_refuse(
			e, -EEXIST,
			"pid %u is attached to service %s: detach it before it goes to %.*s",
			a->owner.pid, a->service->name, VIEW(spec->service));
	if (a->asked_join != spec->join_global)
		return engine_refuse(e, -EEXIST,
				     "pid %u is attached with join_global %s: detach it first",
				     a->owner.pid, a->asked_join ? "true" : "false");
	*ret_ip = a->ip;
	return -EALREADY;
}

/* Finds the records that stand in the way; they may go if their owner is gone. */
static int find_leaving(struct engine *e, const struct attach_spec *spec,
			bool (*gone)(const void *, const struct owner *), const void *arg,
			struct attachment *leaving[2])
{
	leaving[0] = find_pid(e, &spec->owner);
	leaving[1] = find_netns(e, &spec->owner);
	if (leaving[1] == leaving[0])
		leaving[1] = NULL;
	for (size_t n = 0; n < 2; n++) {
		if (leaving[n] && leaving[n]->busy)
			return -EINPROGRESS;
		if (leaving[n] && !gone(arg, &leaving[n]->owner))
			return engine_refuse(
				e, -EEXIST, "the network namespace of pid %u is attached by pid %u",
				spec->owner.pid, leaving[n]->owner.pid);
	}
	return 0;
}

static int find_service(struct engine *e, const struct attach_spec *spec, struct service **ret)
{
	struct service *service = service_find(e, spec->service);

	if (!service || service->leaving)
		return engine_refuse(
			e, -ENOENT, "service %.*s is not set up: setup_service_overlay comes first",
			VIEW(spec->service));
	if (service->segment->busy || (spec->join_global && e->global.busy))
		return -EINPROGRESS;
	*ret = service;
	return 0;
}

static int take_addresses(struct engine *e, struct attachment *a)
{
	char text[CIDR_TEXT_MAX];

	if (pool_take(&a->segment->pool, &a->ip) < 0)
		return engine_refuse(e, -ENOSPC,
				     "service %s: subnet %s is full: %u addresses are in use",
				     a->service->name, cidr_format(&a->segment->pool.block, text),
				     a->segment->pool.n_given);
	if (!a->joined || pool_take(&e->global.pool, &a->joined_ip) == 0)
		return 0;
	pool_give(&a->segment->pool, &a->ip);
	return engine_refuse(e, -ENOSPC, "the node's block %s is full: %u addresses are in use",
			     cidr_format(&e->global.pool.block, text), e->global.pool.n_given);
}

static int attachment_new(struct engine *e, const struct attach_spec *spec, struct service *service,
			  struct attachment **ret)
{
	struct attachment *a = spare_take(&e->spare, sizeof(*a));
	int r;

	if (!a)
		return -ENOMEM;
	*a = (struct attachment){
		.owner = spec->owner,
		.service = service,
		.segment = service->segment,
		.asked_join = spec->join_global,
		.joined = spec->join_global && e->global.up,
		.ephemeral = spec->ephemeral,
		.busy = true,
	};
	a->owner.netns = -1;
	for (unsigned n = 0; n < 2; n++)
		name_veth(spec->owner.netns_ino, n, a->host[n]);
	r = take_addresses(e, a);
	if (r < 0) {
		spare_give(&e->spare, a, sizeof(*a));
		return r;
	}
	service->n_attached++;
	service->segment->n_attached++;
	*ret = a;
	return 0;
}

static int plan_veth(const struct engine *e, const struct attachment *a, int netns,
		     struct plan *plan)
{
	struct step_veth *veth = &PLAN_ADD(plan, STEP_VETH)->veth;

	veth->netns = netns;
	text_copy(veth->host, sizeof(veth->host), view(a->host[0]));
	text_copy(veth->guest, sizeof(veth->guest), VIEW_LITERAL("eth0"));
	text_copy(veth->bridge, sizeof(veth->bridge), view(a->segment->link));
	alias_format(e, "container", a->service->name, veth->alias);
	veth->ip = a->ip;
	veth->prefix_len = a->segment->pool.block.prefix_len;
	veth->gateway = pool_gateway(&a->segment->pool);
	return 0;
}

static int plan_join(const struct engine *e, const struct attachment *a, int netns,
		     struct plan *plan)
{
	struct step_join *join = &PLAN_ADD(plan, STEP_JOIN)->join;

	join->netns = netns;
	text_copy(join->host, sizeof(join->host), view(a->host[1]));
	text_copy(join->guest, sizeof(join->guest), VIEW_LITERAL("eth1"));
	alias_format(e, "container", a->service->name, join->alias);
	join->ip = a->joined_ip;
	join->node_ip = pool_gateway(&e->global.pool);
	join->block = e->global.pool.block;
	return 0;
}

static int plan_cut(const struct engine *e, const struct attachment *a, struct plan *plan)
{
	struct step_cut *cut = &PLAN_ADD(plan, STEP_CUT)->cut;

	text_copy(cut->mark, sizeof(cut->mark), view(e->mark));
	for (int n = 0; n <= a->joined; n++)
		text_copy(cut->host[n], sizeof(cut->host[n]), view(a->host[n]));
	return 0;
}

static int plan_goodbye(const struct engine *e, const struct attachment *a, struct plan *plan)
{
	int r = plan_cut(e, a, plan);

	return r == 0 ? plan_forget(plan, record_of_attachment(a, false)) : r;
}

/* What is unfinished in the store is taken away by the next daemon: nobody was told of it. */
static int plan_attach(struct engine *e, const struct attach_intent *i, int netns,
		       struct plan *plan)
{
	int r = 0;

	for (size_t n = 0; n < ARRAY_SIZE(i->leaving) && r == 0; n++)
		if (i->leaving[n])
			r = plan_goodbye(e, i->leaving[n], plan);
	if (r == 0)
		r = plan_remember(plan, record_of_attachment(i->fresh, true));
	if (r == 0)
		r = plan_veth(e, i->fresh, netns, plan);
	if (r == 0 && i->fresh->joined)
		r = plan_join(e, i->fresh, netns, plan);
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
			leaving[n]->busy = true;
			record_remove(e, leaving[n]);
		}
	}
	attachment_insert(e, fresh);
	i->fresh = fresh;
}

int engine_attach(struct engine *e, const struct attach_spec *spec,
		  bool (*gone)(const void *arg, const struct owner *owner), const void *arg,
		  struct plan *plan, struct intent **ret, struct ovd_ip *ret_ip)
{
	struct attachment *known = find_pid(e, &spec->owner), *fresh, *leaving[2];
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
	i->intent = (struct intent){ .commit = attach_commit, .drop = attach_drop };
	r = attachment_new(e, spec, service, &fresh);
	if (r == 0) {
		swap_records(e, i, fresh, leaving);
		r = plan_attach(e, i, spec->owner.netns, plan);
	}
	if (r < 0) {
		attach_drop(e, &i->intent);
		return r;
	}
	*ret = &i->intent;
	*ret_ip = fresh->ip;
	return 0;
}

/* ---- detach ---- */

/* A container that asked for it takes its service along, unless somebody else has an address of it.
 */
static bool takes_service_along(const struct attachment *a)
{
	unsigned lent = a->segment->pool.n_given - a->segment->n_attached;

	return a->ephemeral && a->service->n_attached == 1 && a->service->mode != SERVICE_SHARED &&
	       lent == 0 && !a->service->leaving;
}

static void detach_commit(struct engine *e, struct intent *intent)
{
	struct detach_intent *i = CONTAINER_OF(intent, struct detach_intent, intent);

	record_remove(e, i->leaving);
	record_release(e, i->leaving);
	spare_give(&e->spare, i, sizeof(*i));
}

static void detach_drop(struct engine *e, struct intent *intent)
{
	struct detach_intent *i = CONTAINER_OF(intent, struct detach_intent, intent);

	i->leaving->busy = false;
	if (i->with_service)
		i->leaving->service->leaving = false;
	spare_give(&e->spare, i, sizeof(*i));
}

/* A daemon that dies before the container is cut has it as it was; after that it knows by what is
 * missing that the service goes too. */
static int plan_detach(const struct engine *e, struct detach_intent *i, struct plan *plan)
{
	struct state_record was = record_of_service(i->leaving->service, &i->subnet), leaving = was;
	int r = plan_cut(e, i->leaving, plan);

	leaving.service.leaving = true;
	if (r == 0 && i->with_service)
		r = plan_remember_instead(plan, leaving, was);
	return r == 0 ? plan_forget(plan, record_of_attachment(i->leaving, false)) : r;
}

int engine_detach(struct engine *e, uint32_t pid, struct plan *plan, struct intent **ret)
{
	struct owner owner = { .pid = pid };
	struct attachment *a = find_pid(e, &owner);
	struct detach_intent *i;
	int r;

	if (!a)
		return -EALREADY;
	if (a->busy || a->segment->busy)
		return -EINPROGRESS;
	i = spare_take(&e->spare, sizeof(*i));
	if (!i)
		return -ENOMEM;
	*i = (struct detach_intent){ { .commit = detach_commit, .drop = detach_drop },
				     .leaving = a,
				     .with_service = takes_service_along(a) };
	r = plan_detach(e, i, plan);
	if (r < 0) {
		spare_give(&e->spare, i, sizeof(*i));
		return r;
	}
	a->busy = true;
	a->service->leaving |= i->with_service;
	*ret = &i->intent;
	return 0;
}

int attachment_drop(struct engine *e, struct attachment *a, struct plan *plan)
{
	int r = plan_goodbye(e, a, plan);

	if (r < 0)
		return r;
	a->service->leaving |= takes_service_along(a);
	record_remove(e, a);
	record_release(e, a);
	return 0;
}
