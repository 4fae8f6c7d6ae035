#include "server/engine/plan.h"

#include <stdlib.h>
#include <string.h>

#include "runtime/util.h"

/* Steps hold keys: they are moved by hand, so that nothing is left of them where they were. Room
 * for a power of two. */
static bool grow(struct plan *plan, size_t n)
{
	struct step *more;

	if (n & (n - 1))
		return true;
	more = malloc((n ? n * 2 : 1) * sizeof(*more));
	if (!more)
		return false;
	if (n > 0) {
		memcpy(more, plan->more, n * sizeof(*more));
		explicit_bzero(plan->more, n * sizeof(*more));
	}
	free(plan->more);
	plan->more = more;
	return true;
}

struct step *plan_add(struct plan *plan, enum step_kind kind)
{
	struct step *step;

	if (plan->n >= PLAN_INLINE && !grow(plan, plan->n - PLAN_INLINE))
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

void plan_done(struct plan *plan)
{
	explicit_bzero(plan->first, MIN(plan->n, PLAN_INLINE) * sizeof(*plan->first));
	if (plan->n > PLAN_INLINE)
		explicit_bzero(plan->more, (plan->n - PLAN_INLINE) * sizeof(*plan->more));
	free(plan->more);
	plan->more = NULL;
	plan->n = plan->n_done = 0;
}
