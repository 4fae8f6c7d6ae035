/* What an act asks the daemon for. */
#pragma once

#include "tests/soak/soak.h"

#define REQUEST_MAX 1024

/* False: there is nothing to ask for, as nothing is lent that could be given back. */
bool request_of(const struct soak *s, const struct act *act, char text[REQUEST_MAX]);

/* It asks that the service goes with the container; which service lends, SERVICES for the node. */
bool is_ephemeral(const struct act *act);
unsigned lender_of(const struct soak *s, const struct act *act);
