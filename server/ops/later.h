/* What is not built yet. */
#pragma once

#include "server/ipc/call.h"

/* Answers "not built yet: WHAT". Always 0. */
int later(struct call *call, const char *what);
