/* The daemon: owns every object, starts and stops them. */
#pragma once

#include "server/options.h"

/* Runs until it is stopped: the process's exit status. What goes wrong at the start is printed. */
int daemon_run(const struct options *options);
