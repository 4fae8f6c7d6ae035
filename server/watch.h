/* Somebody else's descriptor on the loop. */
#pragma once

#include <stdbool.h>

#include <uv.h>

struct watch;

/* Calls ready when fd is ready for what `events` says: POLLIN, POLLOUT (poll(2)). NULL if libuv
 * refuses. */
struct watch *watch_new(uv_loop_t *loop, int fd, short events, void (*ready)(void *arg), void *arg);

void watch_events(struct watch *w, short events);

/* Ends it, before the descriptor is closed; its memory goes when the loop has run once more.
 * Accepts NULL. */
void watch_free(struct watch *w);

int watch_fd(const struct watch *w);

/* Runs the loop until the handles that are being closed are closed, and no other is active; then
 * closes it. False: something that is no handle, a look-up of libc's, is on its way still. */
bool watch_close_loop(uv_loop_t *loop);
