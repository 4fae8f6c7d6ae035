/* A connected socket on the loop; see wire.h. */
#pragma once

#include <uv.h>

typedef int wire_end;

struct wire {
	uv_poll_t poll;
	int fd;
	int watched; /* UV_READABLE, UV_WRITABLE */
	void (*ready)(struct wire *w, int status, int events);
	void (*closed)(struct wire *w);
};
