#include "server/engine/plan.h"

#include <stdlib.h>
#include <string.h>

struct step *plan_add(struct plan *plan, enum step_kind kind)
{
	struct step *step;

	if (plan->n >= PLAN_INLINE) {
		size_t n = plan->n - PLAN_INLINE;
		struct step *more = realloc(plan->more, (n + 1) * sizeof(*more));

		if (!more)
			return NULL;
		plan->more = more;
	}
	step = plan_at(plan, plan->n++);
	memset(step, 0, sizeof(*step));
	step->kind = kind;
	return step;
}

struct step *plan_at(struct plan *plan, size_t i)
{
	return i < PLAN_INLINE ? &plan->first[i] : &plan->more[i - PLAN_INLINE];
}

void plan_done(struct plan *plan)
{
	free(plan->more);
	plan->more = NULL;
	plan->n = plan->n_done = 0;
}
