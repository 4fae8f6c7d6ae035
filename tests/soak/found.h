/* What there is. */
#pragma once

#include "tests/soak/lines.h"
#include "tests/soak/soak.h"

/* Records of both stores; links and addresses of the host and of the containers; what the daemon
 * tells, and what the tunnels have. */
void find_records(struct lines *l, const char *dir);
void find_networks(const struct soak *s, struct lines *l);
void find_answers(struct soak *s, struct lines *l);
void find(struct soak *s, struct lines *l);

/* The tunnel of a service, of what was found; false: it has none. */
bool found_tunnel(const struct lines *found, unsigned service, char link[16]);

/* The namespace of a container that has one. The caller closes it. */
int container_netns(const struct soak *s, unsigned who);
