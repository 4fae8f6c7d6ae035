/* An engine on a platform in memory: what it decides is carried out at once. */
#pragma once

#include "server/engine/engine.h"
#include "tests/server/net/net_fake.h"

struct world {
	struct engine *e;
	struct net_fake fake;
};

void world_init(struct world *w);
void world_done(struct world *w);

/* r is what the engine said. Runs the plan, commits or drops the intent. Returns what the caller of
 * the daemon would see: 0 also for -EALREADY. */
int world_carry_out(struct world *w, int r, struct plan *plan, struct intent **intent);

/* Operations. slice may be NULL; gone: whoever stands in an attach's way is no longer there. */
int world_setup(struct world *w, const char *cluster, const char *slice, uint16_t port);
int world_teardown(struct world *w);
int world_service(struct world *w, const char *name, enum service_mode mode);
int world_unservice(struct world *w, const char *name);
int world_attach(struct world *w, uint32_t pid, uint64_t netns, const char *name, bool join,
		 bool gone, struct ovd_ip *ret);
int world_detach(struct world *w, uint32_t pid);
int world_reap(struct world *w);
int world_peer(struct world *w, uint8_t number, const char *allowed);
int world_unpeer(struct world *w, uint8_t number);
