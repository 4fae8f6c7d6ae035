#include "server/linux/reaper.h"

#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "runtime/deadline.h"
#include "runtime/thread.h"
#include "runtime/util.h"
#include "server/engine/plan.h"
#include "server/linux/link.h"

#define GATHER_MS 5    /* links that are cut together go together */
#define AGAIN_MS  1000 /* what can't be deleted is tried again */

struct reaper {
	pthread_t thread;
	pthread_mutex_t lock; /* around all below but rtnl and log */
	pthread_cond_t changed;
	unsigned asked, done; /* how often it was woken, and up to which of them all is deleted */
	int *singles;         /* indices of links; the first is being deleted, if `deleting` */
	size_t n_singles, n_put_off, room; /* behind the former the latter: they could not go */
	bool deleting;
	int put_off; /* -errno of the last of those */
	bool hurry, stopping;
	int rtnl;
	struct log *log;
	int failed; /* -errno of the last deletion; 0: it went well */
};

/* An empty group is no failure, and who may not delete links has cut none. One that lasts is told
 * once. */
static int delete_group(const struct reaper *r)
{
	const struct ifinfomsg any = { .ifi_family = AF_UNSPEC };
	struct rtnl_batch b = { .n = 0 };
	char detail[PLAN_DETAIL_MAX] = "";
	int error;

	rtnl_begin(&b, RTM_DELLINK, 0, &any, sizeof(any));
	rtnl_put_u32(&b, IFLA_GROUP, LINK_GROUP_GONE);
	error = rtnl_send(r->rtnl, &b, detail);
	if (error == -ENODEV || error == -EPERM)
		error = 0;
	if (error && error != r->failed) /* which nobody else writes */
		log_at(r->log, LOG_WARN, "links that were cut can't be deleted yet: %s%s%s",
		       strerror(-error), detail[0] ? ": " : "", detail);
	return error;
}

static bool has_work(const struct reaper *r)
{
	return r->asked != r->done || r->n_singles > 0;
}

static bool has_failed(const struct reaper *r)
{
	return r->failed || r->n_put_off > 0;
}

/* Until there is something to delete; false: we stop. */
static bool wait_for_work(struct reaper *r)
{
	uint64_t again = 0;

	while (!has_work(r) && !r->stopping) {
		if (has_failed(r) && again == 0)
			again = deadline_in(AGAIN_MS);
		if (deadline_wait(&r->changed, &r->lock, again) == 0)
			continue;
		r->n_singles = r->n_put_off;
		r->n_put_off = 0;
		return true;
	}
	return has_work(r);
}

/* Waits a moment for more, unless somebody waits for us. */
static void gather(struct reaper *r)
{
	const uint64_t until = deadline_in(GATHER_MS);

	while (!r->hurry && !r->stopping && deadline_wait(&r->changed, &r->lock, until) == 0)
		continue;
}

static void work_on_group(struct reaper *r)
{
	unsigned upto;
	int failed;

	gather(r);
	upto = r->asked;
	r->hurry = false;
	pthread_mutex_unlock(&r->lock);
	failed = delete_group(r);
	pthread_mutex_lock(&r->lock);
	r->failed = failed;
	r->done = upto;
	pthread_cond_broadcast(&r->changed);
}

static void remove_at(struct reaper *r, size_t i)
{
	size_t n = r->n_singles + r->n_put_off;

	memmove(r->singles + i, r->singles + i + 1, (n - i - 1) * sizeof(*r->singles));
}

/* One that can't be deleted, before the end of us, is found by the next start. */
static void work_on_single(struct reaper *r)
{
	int index = r->singles[0], error;

	r->deleting = true;
	pthread_mutex_unlock(&r->lock);
	error = link_delete_index(r->rtnl, index);
	if (error && error != r->put_off) /* which nobody else writes */
		log_at(r->log, LOG_WARN, "link %d can't be deleted yet: %s", index,
		       strerror(-error));
	pthread_mutex_lock(&r->lock);
	r->deleting = false;
	remove_at(r, 0);
	r->n_singles--;
	if (error)
		r->singles[r->n_singles + r->n_put_off++] = index;
	if (error || r->n_put_off == 0)
		r->put_off = error;
	pthread_cond_broadcast(&r->changed);
}

static void *run(void *arg)
{
	struct reaper *r = arg;

	pthread_mutex_lock(&r->lock);
	while (wait_for_work(r)) {
		if (r->asked != r->done || r->failed || r->n_singles == 0)
			work_on_group(r);
		if (r->n_singles > 0)
			work_on_single(r);
	}
	pthread_mutex_unlock(&r->lock);
	return NULL;
}

int reaper_start(struct log *log, struct reaper **ret)
{
	struct reaper *r = calloc(1, sizeof(*r));
	int error;

	if (!r)
		return -ENOMEM;
	*r = (struct reaper){ .lock = PTHREAD_MUTEX_INITIALIZER,
			      .changed = PTHREAD_COND_INITIALIZER,
			      .rtnl = rtnl_open(),
			      .log = log };
	if (r->rtnl < 0) {
		error = r->rtnl;
		free(r);
		return error;
	}
	error = thread_start(&r->thread, run, r);
	if (error < 0) {
		fd_closep(&r->rtnl);
		free(r);
		return error;
	}
	*ret = r;
	return 0;
}

void reaper_wake(struct reaper *r)
{
	pthread_mutex_lock(&r->lock);
	r->asked++;
	pthread_cond_broadcast(&r->changed);
	pthread_mutex_unlock(&r->lock);
}

void reaper_wait(struct reaper *r)
{
	unsigned upto;

	pthread_mutex_lock(&r->lock);
	upto = r->asked;
	r->hurry = true;
	pthread_cond_broadcast(&r->changed);
	while ((int)(r->done - upto) < 0)
		pthread_cond_wait(&r->changed, &r->lock);
	pthread_mutex_unlock(&r->lock);
}

static bool make_room(struct reaper *r)
{
	size_t room = r->room ? r->room * 2 : 16, n = r->n_singles + r->n_put_off;
	int *more = n < r->room ? r->singles : realloc(r->singles, room * sizeof(*more));

	if (more && n == r->room)
		r->room = room;
	r->singles = more ? more : r->singles;
	return more;
}

/* True if it has it; the next turn is its own then. */
static bool hurry_for(struct reaper *r, int index)
{
	size_t next = r->deleting ? 1 : 0;

	for (size_t i = 0; i < r->n_singles; i++) {
		if (r->singles[i] != index)
			continue;
		if (i > next) {
			r->singles[i] = r->singles[next];
			r->singles[next] = index;
		}
		return true;
	}
	return false;
}

/* One that could not go is not tried again. */
static void keep(struct reaper *r, int index)
{
	for (size_t i = r->n_singles; i < r->n_singles + r->n_put_off; i++) {
		if (r->singles[i] != index)
			continue;
		remove_at(r, i);
		r->n_put_off--;
		return;
	}
}

static int append(struct reaper *r, int index)
{
	if (hurry_for(r, index))
		return -EALREADY;
	if (!make_room(r))
		return -ENOMEM;
	keep(r, index);
	r->singles[r->n_singles + r->n_put_off] = r->singles[r->n_singles];
	r->singles[r->n_singles++] = index;
	pthread_cond_broadcast(&r->changed);
	return 0;
}

int reaper_take(struct reaper *r, int index)
{
	int error;

	pthread_mutex_lock(&r->lock);
	error = append(r, index);
	pthread_mutex_unlock(&r->lock);
	return error;
}

void reaper_wait_for(struct reaper *r, int index)
{
	pthread_mutex_lock(&r->lock);
	while (hurry_for(r, index))
		pthread_cond_wait(&r->changed, &r->lock);
	keep(r, index);
	pthread_mutex_unlock(&r->lock);
}

int reaper_finish(struct reaper *r)
{
	int error;

	reaper_wait(r);
	pthread_mutex_lock(&r->lock);
	while (r->n_singles > 0)
		pthread_cond_wait(&r->changed, &r->lock);
	error = r->failed ? r->failed : r->n_put_off > 0 ? r->put_off : 0;
	pthread_mutex_unlock(&r->lock);
	return error;
}

void reaper_stop(struct reaper *r)
{
	if (!r)
		return;
	pthread_mutex_lock(&r->lock);
	r->stopping = true;
	pthread_cond_broadcast(&r->changed);
	pthread_mutex_unlock(&r->lock);
	pthread_join(r->thread, NULL);
	fd_closep(&r->rtnl);
	free(r->singles);
	free(r);
}
