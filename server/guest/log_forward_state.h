/* What the parts of the log forwarding share. */
#pragma once

#include <pthread.h>

#include "server/guest/log_forward.h"
#include "server/guest/rate.h"
#include "server/guest/record.h"
#include "server/guest/sink.h"
#include "server/guest/tail.h"

#define CHUNK 65536

/* A connection, and the thread that reads it. */
struct guest {
	struct log_forward *forward;
	pthread_t thread;
	bool used, ended; /* under the lock */
	struct transport *stream;
	uint64_t id, records;
	struct splitter splitter;
	struct rate rate;
	uint64_t told_ms;  /* of what was suppressed */
	unsigned quiet_ms; /* since a stop */
	bool skipping;     /* the last record was suppressed */
	struct buf line;
	char chunk[CHUNK];
};

struct log_forward {
	struct log_forward_options options;
	struct transport *listener;
	pthread_t acceptor;
	pthread_t writer; /* the sink's */

	pthread_mutex_t lock; /* around all below */
	pthread_cond_t changed;
	struct sink *sink;     /* NULL: closed */
	struct guest **guests; /* max_conns */
	unsigned running;
	struct log_forward_counts counts;
	struct tail tail;
	bool stopping, joining, stopped;
	uint64_t drain_until;
};

static inline void log_forward_tell(struct log_forward *f, const struct log_forward_news *news)
{
	if (f->options.tell)
		f->options.tell(f->options.arg, news);
}

/* Adds to one of the counts. The lock is free. */
void log_forward_count(struct log_forward *f, uint64_t *what, uint64_t n);

/* It stops, and has read on for as long as it may. */
bool log_forward_drained(struct log_forward *f);

/* Reads a guest's log to its end, or to ours. */
void guest_read(struct guest *g);

/* After its thread has ended, or before it began. */
void guest_free(struct guest *g);
