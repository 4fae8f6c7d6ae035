#include "server/log_forwarding.h"

#include <inttypes.h>
#include <pthread.h>
#include <string.h>

#include "runtime/deadline.h"
#include "server/guest/rate.h"

/* A guest that connects all the time doesn't fill the log. */
#define LINES_A_SECOND 5
#define LINES_AT_ONCE  100

struct log_forwarding {
	struct log_forward *forward;
	struct log *log;
	char *dir;
	pthread_mutex_t lock; /* around the rate */
	struct rate rate;
};

/* Whether there may be a line; *ret_missed: how many there were not since the last one. */
static bool take_line(struct log_forwarding *f, uint64_t *ret_missed)
{
	bool allowed;

	pthread_mutex_lock(&f->lock);
	allowed = rate_allows(&f->rate, clock_ms());
	*ret_missed = allowed ? rate_take_suppressed(&f->rate) : 0;
	pthread_mutex_unlock(&f->lock);
	return allowed;
}

static void put_line(struct log_forwarding *f, const struct log_forward_news *news)
{
	switch (news->event) {
	case LOG_FORWARD_CAME:
		log_at(f->log, LOG_INFO, "guest %s: its log comes", news->guest);
		break;
	case LOG_FORWARD_GONE:
		log_at(f->log, LOG_INFO, "guest %s: its log ended after %" PRIu64 " records",
		       news->guest, news->n);
		break;
	case LOG_FORWARD_REFUSED:
		log_at(f->log, LOG_WARN,
		       "guest %s: refused, as there are too many; %" PRIu64 " times by now",
		       news->guest, news->n);
		break;
	case LOG_FORWARD_SUPPRESSED:
		log_at(f->log, LOG_WARN, "guest %s: suppressed %" PRIu64 " records of its log",
		       news->guest, news->n);
		break;
	case LOG_FORWARD_FAILING:
		log_at(f->log, LOG_WARN,
		       "guests' logs in %s: %s: going on without; %" PRIu64 " records lost by now",
		       f->dir, strerror(-news->error), news->n);
		break;
	case LOG_FORWARD_WRITING:
		log_at(f->log, LOG_INFO,
		       "guests' logs in %s: written again; %" PRIu64 " records lost by now", f->dir,
		       news->n);
		break;
	case LOG_FORWARD_DEAF:
		log_at(f->log, LOG_WARN, "guests' logs: no connection can be taken: %s",
		       strerror(-news->error));
		break;
	}
}

static void on_news(void *arg, const struct log_forward_news *news)
{
	struct log_forwarding *f = arg;
	uint64_t missed;

	if (!take_line(f, &missed))
		return;
	if (missed > 0)
		log_at(f->log, LOG_WARN, "guests' logs: suppressed %" PRIu64 " lines about them",
		       missed);
	put_line(f, news);
}

static void free_forwarding(struct log_forwarding *f)
{
	pthread_mutex_destroy(&f->lock);
	free(f->dir);
	free(f);
}

static int start(struct log_forwarding *f, const struct options *o)
{
	struct log_forward_options options = log_forward_defaults;
	struct transport_address address;
	struct transport *listener;
	int r = transport_address_parse(o->log_forward, &address);

	if (r == 0)
		r = transport_listen(&address, &listener);
	if (r < 0)
		return r;
	options.dir = f->dir;
	options.format = o->log_forward_format;
	options.tell = on_news;
	options.arg = f;
	return log_forward_start(&options, listener, &f->forward);
}

int log_forwarding_start(const struct options *options, const char *dir, struct log *log,
			 struct log_forwarding **ret)
{
	struct log_forwarding *f;
	int r;

	if (!options->log_forward)
		return 0;
	f = calloc(1, sizeof(*f));
	if (!f)
		return -ENOMEM;
	*f = (struct log_forwarding){ .log = log,
				      .dir = strdup(dir),
				      .lock = PTHREAD_MUTEX_INITIALIZER,
				      .rate = rate_of(LINES_A_SECOND, LINES_AT_ONCE, clock_ms()) };
	r = f->dir ? start(f, options) : -ENOMEM;
	if (r < 0) {
		free_forwarding(f);
		return r;
	}
	log_at(log, LOG_INFO, "guests' logs are taken at %s and go to %s", options->log_forward,
	       dir);
	*ret = f;
	return 0;
}

void log_forwarding_stop(struct log_forwarding *f)
{
	struct log_forward_counts counts;

	if (!f)
		return;
	log_forward_stop(f->forward);
	counts = log_forward_counts(f->forward);
	if (counts.lost > 0)
		log_at(f->log, LOG_WARN, "guests' logs: %" PRIu64 " records were lost",
		       counts.lost);
	log_forward_free(f->forward);
	free_forwarding(f);
}
