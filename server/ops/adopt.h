/* The beginning: an earlier life's records and what it left in the kernel. */
#pragma once

#include "server/ops/daemon.h"

/* Reads the store, and what of it is lost from the kernel; forgets what is gone, makes what is
 * missing, and leaves the rest as it is. Runs plans itself, so before anybody gives the worker any.
 * What fails is logged, and the daemon goes on without it; -ENOMEM, -EIO, with which it can't. The
 * data directory is for import_networks; NULL: there is none. */
int ops_adopt(struct daemon *d, const char *data_dir);
