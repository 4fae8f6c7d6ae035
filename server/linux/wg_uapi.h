/* The text protocol of userspace WireGuard: lines key=value, an empty one ends a message;
 * www.wireguard.com/xplatform. */
#pragma once

#include "runtime/buf.h"
#include "server/engine/tunnel.h"
#include "server/linux/wg_dump.h"

/* Appends a set. A prefix is taken from a peer by giving it to a stranger, who then goes: the
 * protocol has no other way that doesn't take the others too for a moment. -ENOMEM. */
int uapi_put_set(struct buf *b, const struct tunnel_change *change);
int uapi_put_get(struct buf *b);

/* How long the message at the start of text is, its empty line included; 0 while that is not there.
 * `from` is where to go on looking, kept by the caller. */
size_t uapi_message(struct ovd_view text, size_t *from);

/* Reads a whole message: its errno, 0 or negative; -EBADMSG for what is none. get's answer makes
 * dump->state whole. */
int uapi_read_set(struct ovd_view text);
int uapi_read_get(struct ovd_view text, struct wg_dump *dump);
