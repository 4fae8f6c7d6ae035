#include <stdio.h>
#include <stdlib.h>

#include "runtime/deadline.h"
#include "server/guest/log_forward_state.h"
#include "server/guest/log_record.h"

#define SUPPRESS_MS 1000 /* what is suppressed is told so often */
#define QUIET_MS    100  /* after a stop: what is on its way is there by then */
#define PAUSE_MS    5
#define TRUNCATED   " [truncated]\n"

static void put(struct guest *g, struct ovd_view bytes, bool gap)
{
	struct log_forward *f = g->forward;

	pthread_mutex_lock(&f->lock);
	tail_put(&f->tail, bytes);
	pthread_mutex_unlock(&f->lock);
	sink_put(f->sink, g->id, bytes, gap); /* what is lost is counted there */
}

static void tell_suppressed(struct guest *g)
{
	struct log_forward *f = g->forward;
	uint64_t n = rate_take_suppressed(&g->rate);
	char text[64];

	if (n == 0)
		return;
	g->told_ms = clock_ms();
	snprintf(text, sizeof(text), "suppressed %llu records", (unsigned long long)n);
	g->line.n = 0;
	switch (f->options.format) {
	case LOG_FORWARD_RAW:
		buf_printf(&g->line, "[%s of %s]\n", text, g->stream->peer);
		break;
	case LOG_FORWARD_JSON:
		log_record_put_note(&g->line, view(g->stream->peer), text);
		break;
	}
	put(g, buf_view(&g->line), false);
	log_forward_count(f, &f->counts.suppressed, n);
	log_forward_tell(
		f, &(struct log_forward_news){ LOG_FORWARD_SUPPRESSED, g->stream->peer, n, 0 });
}

static bool is_allowed(struct guest *g, const struct record *record)
{
	if (!record->gap)
		g->skipping = !rate_allows(&g->rate, clock_ms());
	return !g->skipping;
}

static void put_raw(struct guest *g, const struct record *record)
{
	if (!record->truncated) {
		put(g, record->bytes, record->gap);
		return;
	}
	g->line.n = 0;
	if (buf_append(&g->line, record->bytes.p, record->bytes.n) == 0 &&
	    buf_text(&g->line, TRUNCATED) == 0)
		put(g, buf_view(&g->line), false);
}

static void put_json(struct guest *g, const struct record *record)
{
	g->line.n = 0;
	if (log_record_put(&g->line, view(g->stream->peer), record) == 0)
		put(g, buf_view(&g->line), false);
}

static void take(void *arg, const struct record *record)
{
	struct guest *g = arg;
	struct log_forward *f = g->forward;

	if (!is_allowed(g, record))
		return;
	if (!record->gap) {
		if (clock_ms() - g->told_ms >= SUPPRESS_MS)
			tell_suppressed(g);
		g->records++;
		log_forward_count(f, &f->counts.records, 1);
		if (record->truncated)
			log_forward_count(f, &f->counts.truncated, 1);
	}
	switch (f->options.format) {
	case LOG_FORWARD_RAW:
		put_raw(g, record);
		break;
	case LOG_FORWARD_JSON:
		put_json(g, record);
		break;
	}
}

/* A stop has come. What the guest had sent before may still be on its way, as between a machine and
 * its host nobody waits for the other side. False: it has been quiet for long enough. */
static bool wait_for_last_words(struct guest *g)
{
	const struct timespec pause = { .tv_nsec = PAUSE_MS * 1000000 };

	if (g->quiet_ms >= QUIET_MS)
		return false;
	g->quiet_ms += PAUSE_MS;
	nanosleep(&pause, NULL);
	return true;
}

void guest_read(struct guest *g)
{
	const struct record_taker taker = { take, g };
	bool more = true;

	while (more && !log_forward_drained(g->forward)) {
		int timeout = g->rate.suppressed ? SUPPRESS_MS : -1;
		ssize_t n = transport_recv(g->stream, g->chunk, CHUNK, timeout);

		if (n > 0) {
			g->quiet_ms = 0;
			splitter_feed(&g->splitter, g->chunk, (size_t)n, &taker);
		} else if (n == -ETIMEDOUT) {
			tell_suppressed(g);
		} else {
			more = n == -ECANCELED && wait_for_last_words(g);
		}
	}
	splitter_end(&g->splitter, &taker);
	tell_suppressed(g);
}

void guest_free(struct guest *g)
{
	splitter_done(&g->splitter);
	buf_done(&g->line);
	transport_close(g->stream);
	free(g);
}
