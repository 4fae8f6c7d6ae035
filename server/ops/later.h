/* What is not built yet. */
#pragma once

#include <stdbool.h>

#include "server/ipc/call.h"

/* Whether an operation, enum ovd_request_kind, answers so. */
bool later_is(int operation);

/* Answers "not built yet: WHAT". Always 0. */
int later(struct call *call, const char *what);
