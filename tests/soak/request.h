/* What an act asks the daemon for. */
#pragma once

#include "tests/soak/soak.h"

#define REQUEST_MAX 2048

/* False: there is nothing to ask for, as nothing is lent that could be given back. */
bool request_of(const struct soak *s, const struct act *act, char text[REQUEST_MAX]);

/* What goes along: a container's process or namespace. -1: nothing; the caller closes it. */
int descriptor_of(const struct soak *s, const struct act *act);

/* It asks that the service goes with the container; which service lends, SERVICES for the node. */
bool is_ephemeral(const struct act *act);
unsigned lender_of(const struct soak *s, const struct act *act);
