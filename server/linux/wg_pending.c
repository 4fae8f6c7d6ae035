#include "server/linux/wg_pending.h"

#include <stdlib.h>

struct wg_pending *wg_queue_new(struct wg_queue *q)
{
	struct wg_pending *p = q->spare;

	if (!p)
		return calloc(1, sizeof(*p));
	q->spare = p->next;
	*p = (struct wg_pending){ .next = NULL };
	return p;
}

void wg_queue_forget(struct wg_queue *q, struct wg_pending *p)
{
	p->next = q->spare;
	q->spare = p;
}

void wg_queue_put(struct wg_queue *q, struct wg_pending *p)
{
	if (q->first)
		q->last->next = p;
	else
		q->first = p;
	q->last = p;
}

void wg_queue_end_first(struct wg_queue *q, int r, const struct tunnel_state *state)
{
	struct wg_pending *p = q->first;
	tunnel_done_fn *done = p->done;
	void *arg = p->arg;

	q->first = p->next;
	wg_queue_forget(q, p);
	done(arg, r, state);
}

void wg_queue_end_all(struct wg_queue *q, int r)
{
	while (q->first)
		wg_queue_end_first(q, r, NULL);
}

void wg_queue_done(struct wg_queue *q)
{
	while (q->spare) {
		struct wg_pending *p = q->spare;

		q->spare = p->next;
		free(p);
	}
}
