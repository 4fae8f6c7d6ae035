/* The daemon: owns every object, starts and stops them. */
#pragma once

#include "server/options.h"

/* Exit statuses; 2 is a wrong command line. */
enum daemon_status {
	DAEMON_DOWN = 0,   /* stopped, and what was to go is gone */
	DAEMON_FAILED = 1, /* could not start */
	DAEMON_KEPT = 3,   /* stopped, and everything is left in place */
	DAEMON_INCOMPLETE =
		4, /* stopped, and something is left that was to go: the log says what */
};

/* Runs until it is stopped. What goes wrong at the start is printed. A daemon_status. */
int daemon_run(const struct options *options);
