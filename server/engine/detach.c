#include <errno.h>

#include "server/engine/attachment.h"
#include "server/engine/segment.h"

struct detach_intent {
	struct attachment_intent base;
	struct attachment *leaving;
	bool with_service;                               /* which goes with it */
	struct state_prefix subnets[SEGMENT_BLOCKS_MAX]; /* of that, for its record */
};

static int plan_cut(const struct engine *e, const struct attachment *a, struct plan *plan)
{
	struct step_cut *cut = &PLAN_ADD(plan, STEP_CUT)->cut;

	text_copy(cut->mark, sizeof(cut->mark), view(e->mark));
	for (int n = 0; n <= a->joined; n++)
		text_copy(cut->host[n], sizeof(cut->host[n]), view(a->host[n]));
	return 0;
}

static int plan_away(const struct engine *e, const struct attachment *a, struct plan *plan)
{
	switch (a->owner.kind) {
	case HANDLE_PID:
	case HANDLE_NETNS:
		return plan_cut(e, a, plan);
	case HANDLE_GUEST:
		return guest_plan_proxy(a, STEP_PROXY_DELETE, plan);
	case HANDLE_HOST:
		return host_plan_alias(e, a, STEP_ALIAS_DELETE, plan);
	}
	return -EINVAL;
}

int attachment_plan_goodbye(const struct engine *e, const struct attachment *a, struct plan *plan)
{
	int r = plan_away(e, a, plan);

	return r == 0 ? plan_forget(plan, record_of_attachment(a, false)) : r;
}

/* A container that asked for it takes its service along, if all others that are there are just
 * detached, and nobody else has an address of it; one that an earlier life did not finish never was
 * there. */
static bool takes_service_along(const struct attachment *a)
{
	const struct pool *pool;
	unsigned lent = 0;

	for (size_t i = 0; (pool = segment_pool_at(a->segment, i)); i++)
		lent += pool_n_lent(pool);
	return a->ephemeral && !a->unfinished &&
	       a->service->n_attached - a->service->n_detaching == 1 &&
	       a->service->mode != SERVICE_SHARED && lent == 0 && !a->service->leaving;
}

static void detach_commit(struct engine *e, struct intent *intent)
{
	struct detach_intent *i = CONTAINER_OF(intent, struct detach_intent, base.intent);

	engine_commit(e, i->base.peer);
	i->leaving->service->n_detaching--;
	attachment_rest(e, i->leaving);
	attachment_remove(e, i->leaving);
	attachment_release(e, i->leaving);
	spare_give(&e->spare, i, sizeof(*i));
}

static void detach_drop(struct engine *e, struct intent *intent)
{
	struct detach_intent *i = CONTAINER_OF(intent, struct detach_intent, base.intent);

	engine_drop(e, i->base.peer);
	i->leaving->service->n_detaching--;
	attachment_rest(e, i->leaving);
	i->leaving->half_gone = true;
	if (i->with_service)
		service_leave(e, i->leaving->service, false);
	spare_give(&e->spare, i, sizeof(*i));
}

/* A daemon that dies before the container is cut has it as it was; after that it knows by what is
 * missing that the service goes too. */
static int plan_detach(struct engine *e, struct detach_intent *i, struct plan *plan)
{
	struct state_record was = record_of_service(i->leaving->service, i->subnets), leaving = was;
	int r = 0;

	leaving.service.leaving = true;
	if (i->leaving->owner.kind == HANDLE_GUEST)
		r = guest_plan_no_peer(e, i->leaving, plan, &i->base);
	if (r == 0)
		r = plan_away(e, i->leaving, plan);
	if (r == 0 && i->with_service)
		r = plan_remember_instead(plan, leaving, was);
	return r == 0 ? plan_forget(plan, record_of_attachment(i->leaving, false)) : r;
}

static bool must_wait(const struct engine *e, const struct attachment *a)
{
	return a->busy || a->segment->busy ||
	       (!owner_has_netns(&a->owner) && (e->global.busy || e->peers.waits));
}

int engine_detach(struct engine *e, const struct owner *who, struct plan *plan, struct intent **ret)
{
	struct attachment *a = attachment_by_handle(e, who);
	struct detach_intent *i;
	int r;

	if (!a || (who->start_time && who->start_time != a->owner.start_time))
		return -EALREADY;
	if (must_wait(e, a))
		return -EINPROGRESS;
	i = spare_take(&e->spare, sizeof(*i));
	if (!i)
		return -ENOMEM;
	*i = (struct detach_intent){ .base.intent = { .commit = detach_commit,
						      .drop = detach_drop },
				     .leaving = a,
				     .with_service = takes_service_along(a) };
	attachment_busy(e, a);
	a->service->n_detaching++;
	r = plan_detach(e, i, plan);
	if (r < 0) {
		detach_drop(e, &i->base.intent);
		return r;
	}
	if (i->with_service)
		service_leave(e, a->service, true);
	*ret = &i->base.intent;
	return 0;
}

/* The tunnel hears of it when it hears anything. */
static int drop_peer(struct engine *e, struct attachment *a, struct plan *plan)
{
	struct attachment_intent i = { .peer = NULL };
	int r = guest_plan_no_peer(e, a, plan, &i);

	if (r == 0 && i.peer) {
		engine_peer_doubt(e, i.peer);
		engine_commit(e, i.peer);
	}
	return r;
}

/* Written down before the container is forgotten, so that it goes also if we don't get to it. */
static int leave(struct engine *e, struct service *service, struct plan *plan)
{
	struct adopt_note *note = spare_take(&e->spare, sizeof(*note));
	struct state_record was, leaving;

	if (!note)
		return -ENOMEM;
	note->next = e->notes;
	e->notes = note;
	was = leaving = record_of_service(service, note->subnets);
	leaving.service.leaving = true;
	service_leave(e, service, true);
	return plan_remember_instead(plan, leaving, was);
}

void engine_adopted(struct engine *e)
{
	while (e->gone) {
		struct attachment *a = e->gone;

		e->gone = a->next;
		attachment_free(e, a);
	}
	while (e->notes) {
		struct adopt_note *note = e->notes;

		e->notes = note->next;
		spare_give(&e->spare, note, sizeof(*note));
	}
}

int attachment_drop(struct engine *e, struct attachment *a, struct plan *plan)
{
	int r = a->owner.kind == HANDLE_GUEST ? drop_peer(e, a, plan) : 0;

	if (r == 0 && takes_service_along(a))
		r = leave(e, a->service, plan);
	if (r == 0)
		r = attachment_plan_goodbye(e, a, plan);
	if (r < 0)
		return r;
	attachment_remove(e, a);
	attachment_give_back(e, a);
	a->next = e->gone;
	e->gone = a;
	return 0;
}
