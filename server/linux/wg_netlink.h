/* Messages of the generic netlink family "wireguard", linux/wireguard.h. */
#pragma once

#include <linux/netlink.h>

#include "runtime/buf.h"
#include "server/engine/tunnel.h"
#include "server/linux/wg_dump.h"

/* Since Linux 6.16; older headers don't have them. */
#define WG_ALLOWED_IP_FLAGS  4 /* WGALLOWEDIP_A_FLAGS */
#define WG_ALLOWED_IP_REMOVE 1 /* WGALLOWEDIP_F_REMOVE_ME */

/* Whom the messages are for. */
struct wg_device {
	const char *link;
	uint16_t family; /* the number that the kernel gave "wireguard" */
	bool removes;    /* the kernel takes a single prefix away (WG_ALLOWED_IP_REMOVE) */
};

/* Appends a set: one message after the other, each whole, of at most RTNL_BATCH_MAX bytes, to be
 * sent in order once the one before was acknowledged. Where the kernel can't take a single prefix
 * away, it is given to a stranger, who then goes. Secret if the change has a private key. -ENOMEM.
 */
int wg_netlink_put_set(struct buf *out, const struct wg_device *device,
		       const struct tunnel_change *change);

/* Appends the question for a dump. */
int wg_netlink_put_get(struct buf *out, const struct wg_device *device);

/* Adds one message of a dump's answer. A peer with many prefixes goes on in the next message.
 * -EBADMSG, -ENOMEM. */
int wg_netlink_read(const struct nlmsghdr *message, struct wg_dump *dump);
