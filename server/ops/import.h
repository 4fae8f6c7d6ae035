/* What the reference's daemon left on this node. */
#pragma once

#include "server/ops/daemon.h"

/* Reads agent_network.json in the data directory, if it is there and was not read before: the ports
 * and keys by which others know the tunnels of services, which they get when they are set up. The
 * file stays as it is. What makes no sense is logged and left out; of a file that can't be read at
 * all the next start tries again. */
void import_networks(struct daemon *d, const char *data_dir);
