/* Descriptors that a client sends along with frames: which frame each belongs to. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "server/ipc/wire.h"

/* Those of the frame that is being handled, and of what follows it. {0} is empty. */
struct passed {
	struct passed_one {
		int fd;      /* -1: here were more than we take */
		bool used;   /* somebody asked for it */
		size_t last; /* of the bytes that are not handled yet, the one that it came with */
	} list[2 * (WIRE_FDS_MAX + 1)];
	size_t n, n_frame; /* all of them; the first so many are the frame's */
	bool too_many;     /* of the frame: there were more than WIRE_FDS_MAX */
};

/* What came with a read; pending bytes, the read ones among them, are not handled yet. A read ends
 * with the bytes that were sent together with descriptors, unix(7), so that the last of them is of
 * the same frame. What there is no room for is closed. */
void passed_add(struct passed *p, const struct wire_fds *fds, size_t pending);

/* A frame of so many bytes is handled: those that came with it are its own. */
void passed_begin(struct passed *p, size_t size);

/* The frame's i-th, open until passed_end; -EBADF. */
int passed_get(struct passed *p, uint32_t i);

/* Closes the frame's; how many nobody had asked for. */
unsigned passed_end(struct passed *p);

/* Closes all. */
void passed_done(struct passed *p);
