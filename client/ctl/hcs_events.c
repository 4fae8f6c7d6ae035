#include "client/ctl/hcs_events.h"

#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#include "client/ctl/print.h"
#include "client/ctl/safe.h"

/* ---- one event ---- */

static void put_time(struct buf *line, uint64_t unix_ms)
{
	time_t seconds = (time_t)(unix_ms / 1000);
	struct tm utc;

	gmtime_r(&seconds, &utc);
	buf_printf(line, "%04d-%02d-%02dT%02d:%02d:%02d.%03uZ", utc.tm_year + 1900, utc.tm_mon + 1,
		   utc.tm_mday, utc.tm_hour, utc.tm_min, utc.tm_sec, (unsigned)(unix_ms % 1000));
}

static void put_details(struct buf *line, const struct hcs_event *event)
{
	if (event->has_type)
		buf_printf(line, "  type 0x%08" PRIx32, event->type);
	if (event->has_lagged)
		buf_printf(line, "  %" PRIu64 " events are missing", event->lagged);
	if (event->has_exit) {
		buf_text(line, event->exit.success ? "  success: " : "  failure: ");
		safe_text(line, event->exit.reason);
	} else if (event->data.p) {
		buf_text(line, "  ");
		safe_text(line, event->data);
	}
	if (event->has_truncated && event->truncated)
		buf_text(line, " (cut off)");
}

static void print_line(FILE *out, const struct hcs_event *event)
{
	_cleanup_(buf_done) struct buf line = { .p = NULL };

	put_time(&line, event->at_unix_ms);
	buf_text(&line, "  ");
	safe_text(&line, event->system);
	buf_printf(&line, "  %s", hcs_event_kind_name(event->event));
	put_details(&line, event);
	fprintf(out, "%.*s\n", VIEW(buf_view(&line)));
}

void hcs_print_event(FILE *out, const struct hcs_event *event, bool json)
{
	_cleanup_(buf_done) struct buf text = { .p = NULL };

	if (!json)
		print_line(out, event);
	else if (hcs_event_encode(event, &text) == 0)
		print_json(out, buf_view(&text));
	/* Who reads them through a pipe waits for each. */
	fflush(out);
}

/* ---- several streams ---- */

struct hcs_watch {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	bool ready; /* there may be something to read */
};

struct hcs_watch *hcs_watch_new(void)
{
	struct hcs_watch *w = calloc(1, sizeof(*w));

	if (!w)
		return NULL;
	pthread_mutex_init(&w->lock, NULL);
	pthread_cond_init(&w->changed, NULL);
	return w;
}

void hcs_watch_free(struct hcs_watch *w)
{
	if (!w)
		return;
	pthread_cond_destroy(&w->changed);
	pthread_mutex_destroy(&w->lock);
	free(w);
}

static void tell_ready(void *user)
{
	struct hcs_watch *w = user;

	pthread_mutex_lock(&w->lock);
	w->ready = true;
	pthread_cond_signal(&w->changed);
	pthread_mutex_unlock(&w->lock);
}

struct compute_system_reader hcs_watch_reader(struct hcs_watch *watch)
{
	return (struct compute_system_reader){ .ready = tell_ready, .user = watch };
}

static void wait_ready(struct hcs_watch *w)
{
	pthread_mutex_lock(&w->lock);
	while (!w->ready)
		pthread_cond_wait(&w->changed, &w->lock);
	w->ready = false;
	pthread_mutex_unlock(&w->lock);
}

/* All that is there. -ETIMEDOUT: there will be more; -ENODATA: there won't; -ENOMEM. */
static int print_some(struct event_stream *stream, bool json)
{
	struct hcs_event event;
	int r = 0;

	while (r == 0 && !ferror(stdout)) {
		_cleanup_(arena_done) struct arena arena = { .chunk = NULL };

		r = event_stream_next(stream, 0, &arena, &event);
		if (r == 0)
			hcs_print_event(stdout, &event, json);
	}
	return r;
}

int hcs_watch_print(struct hcs_watch *w, struct compute_system *const *systems, size_t n, bool json)
{
	for (;;) {
		size_t ended = 0;

		for (size_t i = 0; i < n; i++) {
			int r = print_some(compute_system_events(systems[i]), json);

			if (r == -ENOMEM)
				return r;
			ended += r == -ENODATA;
		}
		if (ended == n || ferror(stdout))
			return 0;
		wait_ready(w);
	}
}
