#include <errno.h>

#include "server/engine/attachment.h"
#include "server/engine/record.h"

struct detach_intent {
	struct intent intent;
	struct attachment *leaving;
	bool with_service;          /* which goes with it */
	struct state_prefix subnet; /* of that, for its record */
};

static int plan_cut(const struct engine *e, const struct attachment *a, struct plan *plan)
{
	struct step_cut *cut = &PLAN_ADD(plan, STEP_CUT)->cut;

	text_copy(cut->mark, sizeof(cut->mark), view(e->mark));
	for (int n = 0; n <= a->joined; n++)
		text_copy(cut->host[n], sizeof(cut->host[n]), view(a->host[n]));
	return 0;
}

int attachment_plan_goodbye(const struct engine *e, const struct attachment *a, struct plan *plan)
{
	int r = plan_cut(e, a, plan);

	return r == 0 ? plan_forget(plan, record_of_attachment(a, false)) : r;
}

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

	attachment_remove(e, i->leaving);
	attachment_release(e, i->leaving);
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

static int plan_detach(const struct engine *e, struct detach_intent *i, struct plan *plan)
{
	struct state_record was = record_of_service(i->leaving->service, &i->subnet), leaving = was;
	int r = 0;

	leaving.service.leaving = true;
	if (i->with_service)
		r = plan_remember_instead(plan, leaving, was);
	return r == 0 ? attachment_plan_goodbye(e, i->leaving, plan) : r;
}

int engine_detach(struct engine *e, const struct owner *who, struct plan *plan, struct intent **ret)
{
	struct attachment *a = attachment_by_handle(e, who);
	struct detach_intent *i;
	int r;

	if (!a || (who->start_time && who->start_time != a->owner.start_time))
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
	int r = attachment_plan_goodbye(e, a, plan);

	if (r < 0)
		return r;
	a->service->leaving |= takes_service_along(a);
	attachment_remove(e, a);
	attachment_release(e, a);
	return 0;
}
