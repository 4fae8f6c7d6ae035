#include "server/ops/death.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>

#include "runtime/spare.h"
#include "runtime/tree.h"
#include "runtime/util.h"
#include "server/ops/handle.h"
#include "server/ops/owner.h"

#define EVENTS_MAX 64
#define RETRY_MS   20   /* until a container is looked at again that is just being changed */
#define AGAIN_MS   1000 /* the same, after a failure */

/* A process, or a namespace that has ended. There are thousands: in the spare memory it takes 64
 * bytes. */
struct mortal {
	struct tree_node node; /* by pid, start and namespace */
	struct mortal *next;   /* of those that have ended */
	uint64_t start_time;   /* of a namespace: its file's device, ... */
	uint64_t netns_ino;    /* and its inode; 0 for a process */
	uint32_t pid;          /* 0 for a namespace */
	int process;           /* -1: it has ended */
};
_Static_assert(sizeof(struct mortal) <= 56, "a size more");

struct deaths {
	struct daemon *daemon;
	int epoll;
	struct tree_node *mortals;
	struct mortal *ended, **end; /* in the order of their ends */
	struct spare spare;
	uv_timer_t retry;
	uv_poll_t ends, links; /* of processes, of links */
	unsigned n_open;       /* of these three */
	struct job job;        /* one at a time */
	struct plan plan;
	struct intent *intent;
	struct ovd_ip ip; /* of whom it is about */
	char name[HANDLE_NAME_MAX];
	bool busy, stopping;
};

static void sweep(struct deaths *w);

/* ---- who is watched ---- */

static int compare(const struct tree_node *a, const struct tree_node *b)
{
	const struct mortal *x = CONTAINER_OF(a, struct mortal, node),
			    *y = CONTAINER_OF(b, struct mortal, node);

	if (x->pid != y->pid)
		return x->pid < y->pid ? -1 : 1;
	if (x->start_time != y->start_time)
		return x->start_time < y->start_time ? -1 : 1;
	return (x->netns_ino > y->netns_ino) - (x->netns_ino < y->netns_ino);
}

static struct mortal mortal_of(const struct owner *owner)
{
	if (owner->kind == HANDLE_PID)
		return (struct mortal){ .pid = owner->pid, .start_time = owner->start_time };
	return (struct mortal){ .start_time = owner->netns_dev, .netns_ino = owner->netns_ino };
}

static struct mortal *find(const struct deaths *w, const struct owner *owner)
{
	struct mortal key = mortal_of(owner);
	struct tree_node *found = tree_find(w->mortals, &key.node, compare);

	return found ? CONTAINER_OF(found, struct mortal, node) : NULL;
}

/* A child that is just being started may have a copy of the descriptor, which would go on telling.
 */
static void unwatch(struct deaths *w, struct mortal *m)
{
	if (m->process >= 0)
		epoll_ctl(w->epoll, EPOLL_CTL_DEL, m->process, NULL);
	fd_closep(&m->process);
}

static void note_end(struct deaths *w, struct mortal *m)
{
	unwatch(w, m);
	m->next = NULL;
	*w->end = m;
	w->end = &m->next;
}

static void unlink_ended(struct deaths *w, struct mortal *m)
{
	struct mortal **at = &w->ended;

	while (*at != m)
		at = &(*at)->next;
	*at = m->next;
	if (!*at)
		w->end = at;
}

static void forget(struct deaths *w, struct mortal *m)
{
	if (m->process < 0)
		unlink_ended(w, m);
	tree_delete(&w->mortals, &m->node, compare);
	unwatch(w, m);
	spare_give(&w->spare, m, sizeof(*m));
}

/* The first can't be looked after yet: others come first. */
static void put_off(struct deaths *w)
{
	struct mortal *m = w->ended;

	unlink_ended(w, m);
	note_end(w, m);
}

static int add(struct deaths *w, const struct owner *owner, int process, struct mortal **ret)
{
	struct mortal *m = spare_take(&w->spare, sizeof(*m));
	struct epoll_event event = { .events = EPOLLIN, .data.ptr = m };

	if (!m)
		return -ENOMEM;
	if (process >= 0 && epoll_ctl(w->epoll, EPOLL_CTL_ADD, process, &event) < 0) {
		spare_give(&w->spare, m, sizeof(*m));
		return -errno;
	}
	*m = mortal_of(owner);
	m->process = process;
	tree_insert(&w->mortals, &m->node, compare);
	*ret = m;
	return 0;
}

void death_watch(struct daemon *d, const struct owner *owner, int process)
{
	struct mortal *m;
	int r = 0;

	if (d->deaths && process >= 0 && owner->kind == HANDLE_PID && !find(d->deaths, owner)) {
		r = add(d->deaths, owner, process, &m);
		if (r == 0)
			return;
		log_at(d->log, LOG_WARN, "pid %u: nobody will hear of its end: %s", owner->pid,
		       strerror(-r));
	}
	fd_closep(&process);
}

void death_forget(struct daemon *d, const struct owner *owner)
{
	struct mortal *m = d->deaths && owner->kind == HANDLE_PID ? find(d->deaths, owner) : NULL;

	if (m)
		forget(d->deaths, m);
}

/* ---- what is done ---- */

static void submit(struct deaths *w, void (*done)(struct job *job))
{
	w->busy = true;
	w->job = (struct job){ .plan = &w->plan, .done = done };
	worker_submit(w->daemon->worker, &w->job);
}

static void next(struct deaths *w)
{
	w->busy = false;
	plan_clear(&w->plan);
	w->daemon->settled(w->daemon);
	sweep(w);
}

static void retry(uv_timer_t *timer)
{
	sweep(timer->data);
}

static void detached(struct job *job)
{
	struct deaths *w = CONTAINER_OF(job, struct deaths, job);
	struct daemon *d = w->daemon;
	char text[IP_TEXT_MAX];

	if (job->result < 0) {
		engine_drop(d->engine, w->intent);
		log_at(d->log, LOG_WARN, "%s has ended, and can't be detached yet: %s", w->name,
		       w->plan.detail);
		w->busy = false;
		plan_clear(&w->plan);
		put_off(w);
		d->settled(d);
		uv_timer_start(&w->retry, retry, AGAIN_MS, 0);
		return;
	}
	engine_commit(d->engine, w->intent);
	forget(w, w->ended);
	log_at(d->log, LOG_INFO, "%s has ended: %s is free again", w->name,
	       ip_format(&w->ip, text));
	next(w);
}

static bool look_up(const struct engine *e, const struct mortal *m, struct attachment_view *ret)
{
	const struct owner process = { .pid = m->pid, .start_time = m->start_time };

	return m->pid ? engine_attachment(e, &process, ret)
		      : engine_attachment_in(e, m->start_time, m->netns_ino, ret);
}

/* What the engine says of the first that has ended. */
static int begin(struct deaths *w)
{
	const struct engine *e = w->daemon->engine;
	struct owner who = { .pid = w->ended->pid, .start_time = w->ended->start_time };
	struct attachment_view known;

	if (look_up(e, w->ended, &known)) {
		if (!w->ended->pid && !owner_gone(w->daemon, &known.owner))
			return -EALREADY; /* it was another one's link, or has come since */
		who = known.owner;
		w->ip = known.ip;
	} else if (!w->ended->pid) {
		return -EALREADY;
	}
	handle_name(&who, w->name);
	return engine_detach(w->daemon->engine, &who, &w->plan, &w->intent);
}

static void sweep(struct deaths *w)
{
	while (w->ended && !w->busy && !w->stopping) {
		int r = begin(w);

		if (r == -EINPROGRESS || r == -ENOMEM) {
			plan_clear(&w->plan);
			put_off(w);
			uv_timer_start(&w->retry, retry, RETRY_MS, 0);
			return;
		}
		if (r == 0)
			submit(w, detached);
		else
			forget(w, w->ended);
	}
}

/* A process's end is heard otherwise. */
static void look_after(struct daemon *d, const struct attachment_view *known)
{
	struct mortal *m;

	if (known->owner.kind == HANDLE_NETNS && !find(d->deaths, &known->owner) &&
	    owner_gone(d, &known->owner) && add(d->deaths, &known->owner, -1, &m) == 0)
		note_end(d->deaths, m);
}

void death_look(struct daemon *d, const struct owner *owner)
{
	struct attachment_view known;

	if (!d->deaths || !engine_attachment(d->engine, owner, &known))
		return;
	look_after(d, &known);
	sweep(d->deaths);
}

/* Its process is watched, and has ended: that is seen to in its turn. */
static bool has_ended(const struct deaths *w, const struct owner *owner)
{
	const struct mortal *m = owner->kind == HANDLE_PID ? find(w, owner) : NULL;
	struct pollfd process = { .fd = m ? m->process : -1, .events = POLLIN };

	return m && (m->process < 0 || poll(&process, 1, 0) > 0);
}

/* Who lives may have lost its link to somebody else; at the end that is us. */
static void look_at_link(struct daemon *d, const struct attachment_view *known)
{
	char host[LINK_NAME_MAX], name[HANDLE_NAME_MAX];

	snprintf(host, sizeof(host), "%.*s", VIEW(known->host));
	if (d->deaths->stopping || !host[0] || d->net->has_link(d->net->platform, host) ||
	    has_ended(d->deaths, &known->owner) || owner_gone(d, &known->owner))
		return;
	if (engine_attachment_lost(d->engine, &known->owner))
		log_at(d->log, LOG_WARN,
		       "%s: somebody deleted its link %s: it has to be detached, and attached "
		       "again",
		       handle_name(&known->owner, name), host);
}

static void look_at_any(void *arg, const struct attachment_view *known)
{
	look_after(arg, known);
	look_at_link(arg, known);
}

static void link_gone(void *arg, struct ovd_view link)
{
	struct daemon *d = arg;
	struct attachment_view known;

	if (!link.p)
		engine_each_attachment(d->engine, look_at_any, d);
	else if (engine_attachment_behind(d->engine, link, &known))
		look_at_any(d, &known);
}

static void links_gone(uv_poll_t *poll, int status _unused_, int what _unused_)
{
	struct deaths *w = poll->data;
	struct daemon *d = w->daemon;

	d->net->links_read(d->net->platform, link_gone, d);
	sweep(w);
}

static void processes_ended(uv_poll_t *poll, int status _unused_, int what _unused_)
{
	struct epoll_event events[EVENTS_MAX];
	struct deaths *w = poll->data;
	int n = epoll_wait(w->epoll, events, EVENTS_MAX, 0);

	for (int i = 0; i < n; i++)
		note_end(w, events[i].data.ptr);
	sweep(w);
}

/* ---- life ---- */

/* Who is gone already is noticed at once. */
static void watch_known(void *arg, const struct attachment_view *known)
{
	_cleanup_(net_owner_done) struct net_owner now = NET_OWNER_NONE;
	struct daemon *d = arg;
	struct mortal *m;

	if (known->owner.kind != HANDLE_PID) {
		look_after(d, known);
		return;
	}
	if (find(d->deaths, &known->owner))
		return;
	if (!owner_look(d, &known->owner, &now)) {
		if (now.process < 0)
			log_at(d->log, LOG_WARN, "pid %u: nobody will hear of its end",
			       known->owner.pid);
		death_watch(d, &known->owner, now.process);
		now.process = -1;
	} else if (add(d->deaths, &known->owner, -1, &m) == 0) {
		note_end(d->deaths, m);
	}
}

static int begin_polls(struct deaths *w)
{
	struct daemon *d = w->daemon;
	int r;

	uv_timer_init(d->loop, &w->retry);
	w->retry.data = w->ends.data = w->links.data = w;
	w->n_open = 1;
	r = uv_poll_init(d->loop, &w->ends, w->epoll);
	if (r < 0)
		return r;
	w->n_open++;
	r = uv_poll_init(d->loop, &w->links, d->net->links_fd(d->net->platform));
	if (r < 0)
		return r;
	w->n_open++;
	uv_poll_start(&w->ends, UV_READABLE, processes_ended);
	uv_poll_start(&w->links, UV_READABLE, links_gone);
	return 0;
}

/* One for each container and each connection. */
static void allow_descriptors(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
		return;
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
}

int deaths_new(struct daemon *d)
{
	struct deaths *w = calloc(1, sizeof(*w));

	if (!w)
		return -ENOMEM;
	allow_descriptors();
	w->daemon = d;
	w->end = &w->ended;
	w->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (w->epoll < 0) {
		int r = -errno;

		free(w);
		return r;
	}
	d->deaths = w;
	return 0;
}

int deaths_start(struct daemon *d)
{
	struct deaths *w = d->deaths;
	int r = begin_polls(w);

	if (r < 0)
		return r;
	engine_each_attachment(d->engine, watch_known, d);
	uv_timer_start(&w->retry, retry, 0, 0);
	return 0;
}

bool deaths_busy(const struct daemon *d)
{
	return d->deaths && d->deaths->busy;
}

void deaths_stop(struct daemon *d)
{
	if (d->deaths)
		d->deaths->stopping = true;
}

static void end(struct deaths *w)
{
	spare_done(&w->spare);
	free(w);
}

static void closed(uv_handle_t *handle)
{
	struct deaths *w = handle->data;

	if (--w->n_open == 0)
		end(w);
}

void deaths_close(struct daemon *d)
{
	struct deaths *w = d->deaths;
	unsigned n_open;

	if (!w)
		return;
	d->deaths = NULL;
	n_open = w->n_open;
	while (w->mortals)
		forget(w, CONTAINER_OF(w->mortals, struct mortal, node));
	plan_done(&w->plan);
	if (n_open > 0)
		uv_close((uv_handle_t *)&w->retry, closed);
	if (n_open > 1)
		uv_close((uv_handle_t *)&w->ends, closed);
	if (n_open > 2)
		uv_close((uv_handle_t *)&w->links, closed);
	fd_closep(&w->epoll);
	if (n_open == 0)
		end(w);
}
