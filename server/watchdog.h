/* Proves to the service manager that we live: sd_watchdog_enabled(3), the protocol alone. Each
 * proof has been to the link thread and back to the loop, so that it comes from neither alone. */
#pragma once

#include <stdbool.h>

#include <uv.h>

#include "server/engine/plan.h"
#include "server/net/worker.h"

/* {0} before it is started. Must live until the worker has ended. */
struct watchdog {
	struct worker *worker;
	uv_timer_t timer;
	struct job proof;
	struct plan plan; /* empty */
	bool running, on_its_way;
};

/* Proves it three times in the interval that $WATCHDOG_USEC tells, if that, and $WATCHDOG_PID, are
 * meant for us; else does nothing. Somebody collects the worker's jobs on the loop. */
void watchdog_start(struct watchdog *watchdog, uv_loop_t *loop, struct worker *worker);

/* Accepts one that was not started. Its handle is closed when the loop has run once more. */
void watchdog_stop(struct watchdog *watchdog);
