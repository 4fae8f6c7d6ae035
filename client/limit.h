/* Until when a client waits. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "runtime/stream.h"

/* A daemon that never stops sending can't hold the caller: once the time is up, what is there is
 * read once more and then no more. {0} is up already. */
struct limit {
	int64_t at; /* ms of CLOCK_MONOTONIC; INT64_MAX: for ever */
	bool spent;
};

/* So many ms from now; UINT_MAX: for ever. */
struct limit limit_in(unsigned ms);

/* Waits until the connection is ready, see stream_wait: for what; -ETIMEDOUT, negative errno. */
int limit_wait(struct stream *stream, int what, struct limit *limit);
