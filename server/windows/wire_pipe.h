/* A connected instance of a named pipe on the loop; see server/ipc/wire.h. */
#pragma once

#include "server/windows/overlap.h"

#define WIRE_PIECE 16384

typedef HANDLE wire_end; /* attached to the loop: see overlap_attach */

struct wire {
	HANDLE pipe;
	struct overlap in, out;
	unsigned n_open; /* of in and out */
	int watched;     /* UV_READABLE, UV_WRITABLE */
	int ended;       /* what reading gives once all is taken; 1: it goes on */
	bool broken;     /* nothing can be written */
	size_t at, n;    /* of in_bytes: what was read and not taken */
	size_t written;  /* of out_bytes: what has been, and the writer was not told */
	void (*ready)(struct wire *w, int status, int events);
	void (*closed)(struct wire *w);

	/* Windows reads and writes these while we do something else: the owner's may move. */
	char in_bytes[WIRE_PIECE], out_bytes[WIRE_PIECE];
};
