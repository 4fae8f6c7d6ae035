#include "server/linux/reaper.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

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
	size_t n_singles, room;
	bool deleting;
	int left; /* -errno of the last of them that could not be deleted */
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

static struct timespec time_in(unsigned ms)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	t.tv_sec += ms / 1000;
	t.tv_nsec += ms % 1000 * 1000000;
	if (t.tv_nsec >= 1000000000) {
		t.tv_nsec -= 1000000000;
		t.tv_sec++;
	}
	return t;
}

/* True when that time has come. */
static bool wait_until(struct reaper *r, const struct timespec *until)
{
	return pthread_cond_clockwait(&r->changed, &r->lock, CLOCK_MONOTONIC, until) == ETIMEDOUT;
}

/* Until there is something to delete; false: we stop. */
static bool wait_for_work(struct reaper *r)
{
	const struct timespec again = time_in(AGAIN_MS);

	while (r->asked == r->done && r->n_singles == 0 && !r->stopping)
		if (!r->failed)
			pthread_cond_wait(&r->changed, &r->lock);
		else if (wait_until(r, &again))
			return true;
	return r->asked != r->done || r->n_singles > 0;
}

/* Waits a moment for more, unless somebody waits for us. */
static void gather(struct reaper *r)
{
	const struct timespec until = time_in(GATHER_MS);

	while (!r->hurry && !r->stopping && !wait_until(r, &until))
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

/* One that can't be deleted is found by the next start. */
static void work_on_single(struct reaper *r)
{
	int index = r->singles[0], error;

	r->deleting = true;
	pthread_mutex_unlock(&r->lock);
	error = link_delete_index(r->rtnl, index);
	if (error)
		log_at(r->log, LOG_WARN, "link %d can't be deleted: %s", index, strerror(-error));
	pthread_mutex_lock(&r->lock);
	r->deleting = false;
	r->left = error ? error : r->left;
	memmove(r->singles, r->singles + 1, --r->n_singles * sizeof(*r->singles));
	pthread_cond_broadcast(&r->changed);
}

static void *run(void *arg)
{
	struct reaper *r = arg;

	pthread_mutex_lock(&r->lock);
	while (wait_for_work(r)) {
		if (r->asked != r->done || r->n_singles == 0)
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
	sigset_t all, kept;
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
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &kept);
	error = pthread_create(&r->thread, NULL, run, r);
	pthread_sigmask(SIG_SETMASK, &kept, NULL);
	if (error) {
		fd_closep(&r->rtnl);
		free(r);
		return -error;
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
	size_t room = r->room ? r->room * 2 : 16;
	int *more = r->n_singles < r->room ? r->singles : realloc(r->singles, room * sizeof(*more));

	if (more && r->n_singles == r->room)
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

static int append(struct reaper *r, int index)
{
	if (hurry_for(r, index))
		return -EALREADY;
	if (!make_room(r))
		return -ENOMEM;
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
	pthread_mutex_unlock(&r->lock);
}

int reaper_finish(struct reaper *r)
{
	int error;

	reaper_wait(r);
	pthread_mutex_lock(&r->lock);
	while (r->n_singles > 0)
		pthread_cond_wait(&r->changed, &r->lock);
	error = r->failed ? r->failed : r->left;
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
