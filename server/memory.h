/* What the daemon remembers, opened. */
#pragma once

#include "runtime/log.h"
#include "server/store/store.h"

/* Opens the store of these directories, the second of which is made, for this boot. What was
 * damaged and is moved aside is logged; see store_loss. Before there are threads. Negative
 * errno, and *failed says of which directory. */
int memory_open(const char *data_dir, const char *run_dir, struct log *log, const char **failed,
		struct store **ret);
