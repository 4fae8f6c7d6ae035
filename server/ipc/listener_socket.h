/* A listening socket on the loop; see listener.h. */
#pragma once

#include <uv.h>

struct listener {
	uv_poll_t poll;
	int fd; /* -1: stopped */
	void (*ready)(struct listener *l);
	void (*closed)(struct listener *l);
};
