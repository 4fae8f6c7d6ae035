#include "tests/sim/model.h"

#include <string.h>

#include "tests/check.h"

void model_lease(struct model *m, const struct ovd_ip *ip)
{
	CHECK(m->n_leases < LEASES_MAX);
	m->leases[m->n_leases++] = *ip;
}

void model_return(struct model *m, size_t i)
{
	m->leases[i] = m->leases[--m->n_leases];
}

void model_allow(struct model *m, unsigned tunnel, unsigned peer, unsigned prefix)
{
	for (unsigned i = 0; i < PEERS; i++)
		m->peers[tunnel][i].allowed[prefix] = i == peer;
}

void model_forget_peers(struct model *m, unsigned service)
{
	memset(m->peers[1 + service], 0, sizeof(m->peers[0]));
}
