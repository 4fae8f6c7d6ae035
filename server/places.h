/* Where this daemon's things are: what its command line says, else by the rules of runtime/paths.
 */
#pragma once

#include "runtime/paths.h"
#include "server/options.h"

struct places {
	char data_dir[PATHS_MAX], run_dir[PATHS_MAX], log_dir[PATHS_MAX];
	char socket[PATHS_MAX];
};

/* A path that doesn't fit is cut. */
void places_find(const struct options *options, struct places *ret);
