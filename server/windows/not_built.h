/* What Windows lacks so far. */
#pragma once

#include <stdbool.h>

#include "schema/overlayd.h"

struct call;

/* Whether an operation, enum ovd_request_kind, answers so. */
bool not_built_is(int operation);

/* Answers those with err, "not built yet on Windows: OP"; the others go to their handlers. Returns
 * what handlers return. */
int not_built_dispatch(struct call *call, const struct ovd_request *request);
