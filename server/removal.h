/* Files of ours that outlive a daemon: what an uninstall takes away. */
#pragma once

#include <stdbool.h>

#include "runtime/buf.h"

struct removal {
	const char *data_dir, *run_dir, *log_dir;
	const char *control_dir; /* of tunnels' processes; others may have theirs there */
	bool purge;              /* the node's key and the log too */
};

/* Both stores, those that were moved aside too, and what purge says, also while they are open.
 * What could not be removed is appended to left, "; " between: "/var/lib/x/store: Device busy". */
void removal_run(const struct removal *removal, struct buf *left);

/* The last of all, when the socket is closed: the lock's file, and the directories that are empty
 * now. The lock is held still. */
void removal_end(const struct removal *removal);
