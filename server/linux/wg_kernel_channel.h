/* The control channel of a kernel device: a generic netlink socket on the loop. */
#pragma once

#include "server/linux/wg_netlink.h"
#include "server/net/net.h"

/* A channel that asks through fd, which it owns from then on: a datagram socket whose other end
 * answers as the kernel does. device is copied, its name as well. -ENOMEM, and fd is the caller's
 * still. */
int wg_kernel_channel_new(int fd, const struct wg_device *device, struct tunnel **ret);
