/* What a device tells, while it is read piece by piece. */
#pragma once

#include "runtime/buf.h"
#include "server/engine/tunnel.h"

/* In memory that is kept between reads, but for the key, until the next begin or trim. {0} is
 * empty. */
struct wg_dump {
	struct tunnel_state state; /* whole after wg_dump_end, until the next begin or done */
	struct buf peers, allowed;
};

void wg_dump_begin(struct wg_dump *d);

/* A peer that the following prefixes belong to; the caller fills the rest. NULL: no memory. Valid
 * until the next one is added. */
struct tunnel_peer *wg_dump_add(struct wg_dump *d, const struct ovd_key *key);

/* The last one added; NULL before the first. */
struct tunnel_peer *wg_dump_last(const struct wg_dump *d);

/* A prefix of the last peer; there must be one. -ENOMEM. */
int wg_dump_allow(struct wg_dump *d, const struct ovd_cidr *cidr);

void wg_dump_end(struct wg_dump *d);

/* The state is the caller's from now on, until tunnel_state_done. */
void wg_dump_keep(struct wg_dump *d, struct tunnel_state *ret);

/* The state is not needed any more: memory of a large one is given back. */
void wg_dump_trim(struct wg_dump *d);
void wg_dump_done(struct wg_dump *d);
