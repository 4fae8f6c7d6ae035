/* Takes the logs that guests send and puts them into one file: gcs-forward.log with their bytes as
 * they are, or gcs-forward.jsonl with a line of JSON for each record. A guest connects and sends;
 * nothing is said to it. When its logger begins anew it connects again. */
#pragma once

#include <stdint.h>

#include "server/guest/sink_files.h"
#include "server/guest/transport.h"

enum log_forward_format {
	LOG_FORWARD_RAW,
	LOG_FORWARD_JSON,
};

enum log_forward_event {
	LOG_FORWARD_CAME,       /* a guest connected */
	LOG_FORWARD_GONE,       /* its connection ended; n: records that it sent */
	LOG_FORWARD_REFUSED,    /* closed at once, as there are max_conns; n: how often by now */
	LOG_FORWARD_SUPPRESSED, /* n: records that were too many for its rate, since the last time
				 */
	LOG_FORWARD_FAILING, /* the file can't be written; error says why; n: records lost by now */
	LOG_FORWARD_WRITING, /* it can be written again; n: as before */
	LOG_FORWARD_DEAF,    /* no connection can be taken for the moment; error says why */
};

struct log_forward_news {
	enum log_forward_event event;
	const char *guest; /* who; NULL for the file */
	uint64_t n;
	int error; /* negative errno */
};

struct log_forward_options {
	const char *dir; /* the file's; must be there, or come */
	enum log_forward_format format;
	uint64_t max_bytes;   /* of the file, before it is rotated */
	unsigned keep;        /* rotated files */
	unsigned max_conns;   /* guests at a time */
	uint32_t rate, burst; /* records of a connection, a second and at once; rate 0: any */
	size_t tail_bytes;    /* what log_forward_tail remembers */
	/* How long a stop goes on reading at most: it ends with a guest that has closed, or has
	 * been quiet for a moment. And again how long it waits for the disk. */
	int drain_ms;
	const struct sink_files *files; /* NULL: the system's */

	/* Called by several threads, also while log_forward_stop runs, never after it. */
	void (*tell)(void *arg, const struct log_forward_news *news);
	void *arg;
};

/* What a daemon takes: 64 MiB and 5 old files, 16 guests, 5,000 records a second and 20,000 at
 * once, a tail of 64 KiB, 500 ms. */
extern const struct log_forward_options log_forward_defaults;

struct log_forward;

struct log_forward_counts {
	unsigned connected; /* now */
	uint64_t guests, refused, records, truncated, suppressed, lost;
};

/* Starts. The listener becomes its own, also on failure. -ENOMEM, -EAGAIN. */
int log_forward_start(const struct log_forward_options *options, struct transport *listener,
		      struct log_forward **ret);

/* No guest is taken any more; what guests had sent is read and written; then all of it has ended,
 * but for a disk that hangs. Takes at most twice drain_ms, beside what is in `tell`. May be called
 * at any time, by any thread, any number of times; called from `tell` it only begins the stop. */
void log_forward_stop(struct log_forward *f);

/* The last records, at most n bytes; returns how many. Untrusted, like the file. Also after a
 * stop. */
size_t log_forward_tail(struct log_forward *f, char *p, size_t n);

struct log_forward_counts log_forward_counts(struct log_forward *f);

/* Stops and frees. Accepts NULL. */
void log_forward_free(struct log_forward *f);

/* raw, json; -EINVAL. */
int log_forward_format_parse(const char *text, enum log_forward_format *ret);
