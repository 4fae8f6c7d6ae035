/* Steps forward, undo backward. On the link thread. */
#pragma once

#include "server/net/net.h"

/* Runs all steps. 0; or the errno of the step that failed: those before it are undone, plan->failed
 * and plan->detail say what. */
int plan_run(const struct net *net, struct plan *plan);

/* The same in parts, from plan->n_done on: NET_MORE where others may have their turn, and it is to
 * be called again. */
int plan_run_part(const struct net *net, struct plan *plan);

/* Runs the step at i alone. 0, or its errno: plan->failed and plan->detail say what. */
int plan_run_step(const struct net *net, struct plan *plan, size_t i);

/* Undoes the steps that stand, backwards. A record that can't be put back is told at the end of
 * plan->detail. */
void plan_undo(const struct net *net, struct plan *plan);
