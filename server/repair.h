/* What others changed of the host's network under us is put right again. */
#pragma once

#include <stdbool.h>

#include "server/ops/daemon.h"

/* {0} before the first. */
struct repair {
	struct daemon *daemon;
	struct job job;
	struct plan plan;
	bool busy, again, ended;
};

/* What is missing of ours is put back. A change that comes while that is being done may have come
 * too late for it: then it is done once more. repair->daemon is set. */
void repair_begin(struct repair *repair);

/* No other begins; one may be on its way still, while repair->busy. */
void repair_end(struct repair *repair);
