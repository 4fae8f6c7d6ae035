/* What the daemon remembers, opened. */
#pragma once

#include "runtime/log.h"
#include "server/store/store.h"

/* Opens the store of these directories, the second of which is made, for this boot. *ret_complete
 * is false if a part was damaged and is moved aside, which is logged. Before there are threads.
 * Negative errno. */
int memory_open(const char *data_dir, const char *run_dir, struct log *log, struct store **ret,
		bool *ret_complete);
