#include "server/ops/slices.h"

#include <errno.h>
#include <stdlib.h>

/* While there is work: a turn of the loop, one slice. */
struct turns {
	struct daemon *daemon;
	uv_idle_t idle;
	struct slices *first, *last;
};

static void turns_free(uv_handle_t *idle)
{
	free(idle->data);
}

static void append(struct turns *t, struct slices *s)
{
	s->next = NULL;
	if (t->first)
		t->last->next = s;
	else
		t->first = s;
	t->last = s;
}

static void end_if_idle(struct turns *t)
{
	if (t->first)
		return;
	t->daemon->turns = NULL;
	uv_close((uv_handle_t *)&t->idle, turns_free);
}

static void turn(uv_idle_t *idle)
{
	struct turns *t = idle->data;
	struct slices *s = t->first;

	t->first = s->next;
	if (s->slice(s))
		append(t, s);
	end_if_idle(t);
}

static struct turns *turns_of(struct daemon *d)
{
	struct turns *t = d->turns;

	if (t)
		return t;
	t = calloc(1, sizeof(*t));
	if (!t)
		return NULL;
	t->daemon = d;
	uv_idle_init(d->loop, &t->idle);
	t->idle.data = t;
	uv_idle_start(&t->idle, turn);
	d->turns = t;
	return t;
}

int slices_begin(struct daemon *d, struct slices *s, bool (*slice)(struct slices *s))
{
	struct turns *t = turns_of(d);

	if (!t)
		return -ENOMEM;
	s->slice = slice;
	append(t, s);
	return 0;
}
