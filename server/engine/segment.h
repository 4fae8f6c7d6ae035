/* Bridges and their blocks, for the engine's own files. */
#pragma once

#include "server/engine/record.h"

/* What the reference calls the one bridge of all shared services when it chooses its block. */
#define SHARED_KEY VIEW_LITERAL("__zlayer_shared_bridge__")

/* A block that nobody has, for the service of that name. -ENOSPC. */
int segment_choose_block(struct engine *e, struct ovd_view key, struct ovd_cidr *ret);

/* The bridge of a service, or of all shared ones, on a block that is free and without a name; on a
 * chosen block, named. */
int segment_on(struct engine *e, bool shared, struct ovd_view service, const struct ovd_cidr *block,
	       struct segment **ret);
int segment_new(struct engine *e, bool shared, struct ovd_view service, struct segment **ret);

/* Nobody is on it. */
void segment_free(struct engine *e, struct segment *segment);

/* Steps: nobody has an address of it from allocate_ip any more. */
int segment_plan_leases_end(const struct segment *segment, struct plan *plan);
