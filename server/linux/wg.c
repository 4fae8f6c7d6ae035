#include "server/linux/wg.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/util.h"
#include "server/linux/wg_backend.h"
#include "server/linux/wg_process.h"

/* In order of preference. */
static const struct wg_backend *const backends[] = { &wg_kernel, &wg_user };

int wg_new(const char *control_dir, struct log *log, struct wg **ret)
{
	struct wg *wg = calloc(1, sizeof(*wg));

	if (!wg)
		return -ENOMEM;
	*wg = (struct wg){ .control_dir = control_dir, .log = log };
	*ret = wg;
	return 0;
}

void wg_free(struct wg *wg)
{
	if (!wg)
		return;
	wg_process_forget_all(wg);
	free(wg);
}

static const struct wg_backend *backend_of(struct wg *wg, const char *link)
{
	for (size_t i = 0; i < ARRAY_SIZE(backends); i++)
		if (backends[i]->is(wg, link))
			return backends[i];
	return NULL;
}

int wg_make(struct wg *wg, const char *link, const char *alias, bool *ret_made)
{
	int r = -EOPNOTSUPP;

	if (backend_of(wg, link)) {
		*ret_made = false;
		return 0;
	}
	for (size_t i = 0; i < ARRAY_SIZE(backends) && r == -EOPNOTSUPP; i++)
		r = backends[i]->make(wg, link, alias, ret_made);
	return r == -EOPNOTSUPP ? -ENOENT : r;
}

int wg_delete(struct wg *wg, const char *link)
{
	const struct wg_backend *backend = backend_of(wg, link);

	return backend ? backend->delete (wg, link) : 0;
}

int wg_open(struct wg *wg, const char *link, struct tunnel **ret)
{
	const struct wg_backend *backend = backend_of(wg, link);

	return backend ? backend->open(wg, link, ret) : -ENODEV;
}

/* ---- at once: a channel for one question ---- */

struct outcome {
	bool done;
	int r;
	struct tunnel *tunnel;
	struct tunnel_state *state; /* set if it goes well; NULL: nobody wants it */
};

static void take_outcome(void *arg, int r, const struct tunnel_state *state _unused_)
{
	struct outcome *o = arg;

	o->done = true;
	o->r = r;
	if (r == 0 && o->state)
		o->tunnel->ops->keep(o->tunnel, o->state);
}

static int wait_for(struct tunnel *t, const struct outcome *o)
{
	while (!o->done) {
		struct pollfd p = { .fd = t->ops->fd(t), .events = t->ops->events(t) };
		int n = poll(&p, 1, WG_SECONDS * 1000);

		if (n == 0)
			return -ETIMEDOUT;
		if (n < 0 && errno != EINTR)
			return -errno;
		t->ops->ready(t);
	}
	return o->r;
}

int wg_set(struct wg *wg, const char *link, const struct tunnel_change *change)
{
	struct outcome o = { .done = false };
	struct tunnel *t;
	int r = wg_open(wg, link, &t);

	if (r < 0)
		return r;
	r = t->ops->set(t, change, take_outcome, &o);
	if (r == 0)
		r = wait_for(t, &o);
	t->ops->close(t);
	return r;
}

int wg_get(struct wg *wg, const char *link, struct tunnel_state *ret)
{
	struct outcome o = { .state = ret };
	int r = wg_open(wg, link, &o.tunnel);

	if (r < 0)
		return r;
	r = o.tunnel->ops->get(o.tunnel, take_outcome, &o);
	if (r == 0)
		r = wait_for(o.tunnel, &o);
	o.tunnel->ops->close(o.tunnel);
	return r;
}
