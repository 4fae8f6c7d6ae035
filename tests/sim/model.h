/* What must be so, as the daemon's clients know it: the last good answer about each thing counts.
 * Nothing here knows how the engine does it. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "runtime/ip.h"

#define CONTAINERS 24
#define SERVICES   5
#define PEERS      6
#define PREFIXES   8
#define TUNNELS    (1 + SERVICES) /* the node's, and what each service may have */
#define LEASES_MAX 64

struct model {
	struct {
		bool attached;
		unsigned life; /* of the process that was attached */
		struct ovd_ip ip;
	} containers[CONTAINERS];
	bool services[SERVICES]; /* set up, and not torn down or gone with the last container */
	bool leaving[SERVICES];  /* torn down while containers were attached */
	bool fickle[SERVICES];   /* some container said that it goes with it */
	bool fallen[SERVICES];   /* its removal fell: its own tunnel may be gone already */
	struct {
		bool known;
		bool allowed[PREFIXES];
	} peers[TUNNELS][PEERS];
	struct ovd_ip leases[LEASES_MAX];
	size_t n_leases;
	bool up; /* the tunnel */
};

void model_lease(struct model *m, const struct ovd_ip *ip);
void model_return(struct model *m, size_t i);

/* A prefix belongs to one peer of a tunnel. */
void model_allow(struct model *m, unsigned tunnel, unsigned peer, unsigned prefix);

/* A service's tunnel is gone, if it had one. */
void model_forget_peers(struct model *m, unsigned service);
