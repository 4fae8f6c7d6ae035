/* The control channel of a userspace device: its control socket on the loop. */
#pragma once

#include "server/net/net.h"

/* A channel over a connected stream socket, which it owns from then on. -ENOMEM, and fd is the
 * caller's still. */
int wg_user_channel_new(int fd, struct tunnel **ret);
