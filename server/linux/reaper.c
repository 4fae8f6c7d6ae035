#include "server/linux/reaper.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>

#include "runtime/util.h"
#include "server/linux/link.h"

#define GATHER_MS 5 /* links that are cut together go together */

struct reaper {
	pthread_t thread;
	pthread_mutex_t lock; /* around all below but rtnl */
	pthread_cond_t changed;
	unsigned asked, done; /* how often it was woken, and up to which of them all is deleted */
	bool hurry, stopping;
	int rtnl;
};

static void delete_group(struct reaper *r)
{
	const struct ifinfomsg any = { .ifi_family = AF_UNSPEC };
	struct rtnl_batch b = { .n = 0 };

	rtnl_begin(&b, RTM_DELLINK, 0, &any, sizeof(any));
	rtnl_put_u32(&b, IFLA_GROUP, LINK_GROUP_GONE);
	rtnl_send(r->rtnl, &b, NULL); /* an empty group is no failure */
}

/* Waits a moment for more, unless somebody waits for us. */
static void gather(struct reaper *r)
{
	struct timespec until;

	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_nsec += GATHER_MS * 1000000;
	if (until.tv_nsec >= 1000000000) {
		until.tv_nsec -= 1000000000;
		until.tv_sec++;
	}
	while (!r->hurry && !r->stopping)
		if (pthread_cond_timedwait(&r->changed, &r->lock, &until) == ETIMEDOUT)
			break;
}

static void *run(void *arg)
{
	struct reaper *r = arg;

	pthread_mutex_lock(&r->lock);
	for (;;) {
		unsigned upto;

		while (r->asked == r->done && !r->stopping)
			pthread_cond_wait(&r->changed, &r->lock);
		if (r->asked == r->done)
			break;
		gather(r);
		upto = r->asked;
		r->hurry = false;
		pthread_mutex_unlock(&r->lock);
		delete_group(r);
		pthread_mutex_lock(&r->lock);
		r->done = upto;
		pthread_cond_broadcast(&r->changed);
	}
	pthread_mutex_unlock(&r->lock);
	return NULL;
}

int reaper_start(struct reaper **ret)
{
	struct reaper *r = calloc(1, sizeof(*r));
	sigset_t all, kept;
	int error;

	if (!r)
		return -ENOMEM;
	*r = (struct reaper){ .lock = PTHREAD_MUTEX_INITIALIZER,
			      .changed = PTHREAD_COND_INITIALIZER,
			      .rtnl = rtnl_open() };
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
	free(r);
}
