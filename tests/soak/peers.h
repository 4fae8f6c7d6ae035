/* Peers of the node's tunnel, number NODE, and of those of services. */
#pragma once

#include "tests/soak/lines.h"
#include "tests/soak/soak.h"

/* Whose peers an act is about: a service's that has a tunnel, or the node's. */
unsigned tunnel_of(const struct soak *s, const struct act *act);

/* Whether an act says that the peer has the prefix, or has just these. */
bool act_gives(const struct act *act, unsigned peer, unsigned prefix);

/* What it asks for can't be: a prefix has a route into another tunnel, a peer is not known. */
bool peers_cannot_be(const struct soak *s, const struct act *act);

/* It was answered well. again: it may have been done before, by a daemon that was killed. */
void peers_are(struct soak *s, const struct act *act, const char *answer, bool again);

/* Records, and what the tunnel has unless its link is NULL. */
void want_peers(const struct soak *s, unsigned tunnel, const char *link, struct lines *l);
