/* Bridges and their blocks, for the engine's own files. */
#pragma once

#include "server/engine/record.h"

/* What the reference calls the one bridge of all shared services when it chooses its block. */
#define SHARED_KEY VIEW_LITERAL("__zlayer_shared_bridge__")

/* A block that nobody has, for the service of that name. -ENOSPC. */
int segment_choose_block(struct engine *e, struct ovd_view key, struct ovd_cidr *ret);

/* A bridge on a block that is free, without a name; that of a service, or of all shared ones, on a
 * chosen block, of a dedicated service its upper half, named. */
int segment_on(struct engine *e, const struct ovd_cidr *block, struct segment **ret);
int segment_new(struct engine *e, enum service_mode mode, struct ovd_view service,
		struct segment **ret);

/* The i-th of its subnets; NULL behind the last. The one that holds the address; NULL. */
struct pool *segment_pool_at(struct segment *segment, size_t i);
struct pool *segment_pool_of(struct segment *segment, const struct ovd_ip *ip);

/* An address of any of them. -ENOSPC. */
int segment_take(struct segment *segment, struct ovd_ip *ret);

/* -ENOSPC, and the words. */
int segment_refuse_full(struct engine *e, const struct service *service);

/* One subnet more, which is free; the last of them less. */
int segment_grow(struct engine *e, struct segment *segment, const struct ovd_cidr *block);
void segment_shrink(struct engine *e, struct segment *segment);

/* Nobody is on it. */
void segment_free(struct engine *e, struct segment *segment);

/* Steps: nobody has an address of it from allocate_ip any more. */
int segment_plan_leases_end(struct segment *segment, struct plan *plan);
