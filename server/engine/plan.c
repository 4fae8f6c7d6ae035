#include "server/engine/plan.h"

#include <stdlib.h>
#include <string.h>

#include "runtime/util.h"

/* Steps hold keys: they are moved by hand, so that nothing is left of them where they were. */
static bool grow(struct plan *plan)
{
	size_t room = plan->room ? plan->room * 2 : 1;
	struct step *more = malloc(room * sizeof(*more));

	if (!more)
		return false;
	if (plan->room > 0) {
		memcpy(more, plan->more, plan->room * sizeof(*more));
		explicit_bzero(plan->more, plan->room * sizeof(*more));
	}
	free(plan->more);
	plan->more = more;
	plan->room = room;
	return true;
}

struct step *plan_add(struct plan *plan, enum step_kind kind)
{
	struct step *step;

	if (plan->n == PLAN_INLINE + plan->room && !grow(plan))
		return NULL;
	step = plan_at(plan, plan->n++);
	memset(step, 0, sizeof(*step));
	step->kind = kind;
	return step;
}

struct step *plan_at(struct plan *plan, size_t i)
{
	return i < PLAN_INLINE ? &plan->first[i] : &plan->more[i - PLAN_INLINE];
}

static void wipe(struct plan *plan)
{
	explicit_bzero(plan->first, MIN(plan->n, PLAN_INLINE) * sizeof(*plan->first));
	if (plan->n > PLAN_INLINE)
		explicit_bzero(plan->more, (plan->n - PLAN_INLINE) * sizeof(*plan->more));
	plan->n = plan->n_done = 0;
	plan->patient = false;
}

static void free_room(struct plan *plan)
{
	free(plan->more);
	plan->more = NULL;
	plan->room = 0;
}

void plan_clear(struct plan *plan)
{
	wipe(plan);
	if (plan->room > PLAN_KEPT)
		free_room(plan);
}

void plan_done(struct plan *plan)
{
	wipe(plan);
	free_room(plan);
}
