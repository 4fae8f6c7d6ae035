/* A list of steps. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "server/engine/step.h"

#define PLAN_INLINE     4
#define PLAN_DETAIL_MAX 160

/* Most steps behind the first for which an empty plan keeps room: 4 KiB. */
#define PLAN_KEPT 8

/* {0} is empty and owns nothing. The first steps lie in the plan itself, so that a plan must not be
 * moved. */
struct plan {
	struct step first[PLAN_INLINE];
	struct step *more; /* from malloc: the steps behind the first, ... */
	size_t room;       /* and how many they may be */
	size_t n;
	bool patient;                 /* plans of others may be run between its steps */
	size_t n_done;                /* filled by plan_run: how many steps stand */
	size_t failed;                /* filled by plan_run when it fails: which step */
	char detail[PLAN_DETAIL_MAX]; /* filled by plan_run when it fails: "create veth zl-4a-0:
					 File exists" */
};

/* A new step at the end, all zero but its kind; NULL if there is no memory. */
struct step *plan_add(struct plan *plan, enum step_kind kind);

/* The step at i, below plan->n. */
struct step *plan_at(struct plan *plan, size_t i);

/* Wipes the steps: the plan is empty, and may keep room for others. */
void plan_clear(struct plan *plan);

/* The same, and the plan owns nothing. */
void plan_done(struct plan *plan);
