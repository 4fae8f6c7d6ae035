/* What is told of how the daemon ended. */
#pragma once

#include "server/ops/daemon.h"

/* Files go too. */
bool ending_removes(enum ending ending);

/* The last line of the log, and the exit status: a daemon_status. incomplete: something is left
 * that was to go. */
int ending_tell(struct log *log, enum ending ending, bool incomplete);
