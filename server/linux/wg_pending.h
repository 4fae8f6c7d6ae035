/* Questions to a device that are not answered yet, in order. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "server/net/net.h"

struct wg_pending {
	struct wg_pending *next;
	bool is_get;
	size_t n; /* bytes of the question that are still to be sent, where a back end needs it */
	tunnel_done_fn *done;
	void *arg;
};

/* {0} is empty. Records that were used are kept for the next ones. */
struct wg_queue {
	struct wg_pending *first, *last, *spare;
};

/* A record that is not queued yet, for wg_queue_put or wg_queue_forget. NULL: no memory. */
struct wg_pending *wg_queue_new(struct wg_queue *q);
void wg_queue_forget(struct wg_queue *q, struct wg_pending *p);
void wg_queue_put(struct wg_queue *q, struct wg_pending *p);

/* Takes the first off, then tells whoever asked. */
void wg_queue_end_first(struct wg_queue *q, int r, const struct tunnel_state *state);
void wg_queue_end_all(struct wg_queue *q, int r);

/* Frees the spare records; nothing may be pending. */
void wg_queue_done(struct wg_queue *q);
