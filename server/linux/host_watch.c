#include "server/linux/host_watch.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "runtime/util.h"
#include "server/linux/uplink_watch.h"

struct host_watch {
	struct nft_watch *nft; /* NULL: no rules */
	int uplink, timer;
	int all;      /* epoll's: readable when one of them is */
	bool resting; /* the timer runs */
	bool changed; /* meanwhile */
};

static int add(struct host_watch *w, int fd)
{
	struct epoll_event event = { .events = EPOLLIN };

	return fd < 0 || epoll_ctl(w->all, EPOLL_CTL_ADD, fd, &event) < 0 ? -errno : 0;
}

static int open_all(struct host_watch *w, const struct nft *nft)
{
	int r = nft ? nft_watch_new(nft, &w->nft) : 0;

	if (r < 0)
		return r;
	w->uplink = uplink_watch_open();
	if (w->uplink < 0)
		return w->uplink;
	w->timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
	w->all = epoll_create1(EPOLL_CLOEXEC);
	r = add(w, w->uplink);
	if (r == 0)
		r = add(w, w->timer);
	return r == 0 && w->nft ? add(w, nft_watch_fd(w->nft)) : r;
}

int host_watch_new(const struct nft *nft, struct host_watch **ret)
{
	struct host_watch *w = calloc(1, sizeof(*w));
	int r;

	if (!w)
		return -ENOMEM;
	*w = (struct host_watch){ .uplink = -1, .timer = -1, .all = -1 };
	r = open_all(w, nft);
	if (r < 0) {
		host_watch_free(w);
		return r;
	}
	*ret = w;
	return 0;
}

void host_watch_free(struct host_watch *w)
{
	if (!w)
		return;
	nft_watch_free(w->nft);
	fd_closep(&w->uplink);
	fd_closep(&w->timer);
	fd_closep(&w->all);
	free(w);
}

int host_watch_fd(const struct host_watch *w)
{
	return w->all;
}

static void rest(struct host_watch *w)
{
	const struct itimerspec once = { .it_value.tv_nsec = HOST_WATCH_REST_MS * 1000000 };

	w->resting = timerfd_settime(w->timer, 0, &once, NULL) == 0;
}

/* Who changes a lot, container engines do, would have us look at each change. */
bool host_watch_read(struct host_watch *w)
{
	uint64_t ticks;

	if (read(w->timer, &ticks, sizeof(ticks)) == sizeof(ticks))
		w->resting = false;
	w->changed |= uplink_watch_read(w->uplink);
	if (w->nft)
		w->changed |= nft_watch_read(w->nft);
	if (!w->changed || w->resting)
		return false;
	w->changed = false;
	rest(w);
	return true;
}
