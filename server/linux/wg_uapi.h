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

/* An answer that is read as it comes, a get's or a set's. {0} before its first line. */
struct uapi_answer {
	bool ended; /* its empty line was read: nothing that follows is part of it */
	bool has_error;
	int error; /* what it says of itself */
	int fault; /* the first thing in it that is none of the protocol */
};

/* Reads the whole lines that text begins with, up to the answer's end, and returns how many bytes
 * they are. A get's are put into dump, begun by wg_dump_begin before the first; NULL for a set. */
size_t uapi_read(struct uapi_answer *answer, struct ovd_view text, struct wg_dump *dump);

/* What an answer that has ended says: 0, or a negative errno; -EBADMSG for what is none. */
int uapi_result(const struct uapi_answer *answer);
