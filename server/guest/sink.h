/* The file that guests' logs go to. A thread of its own writes, so that nobody waits for a disk. */
#pragma once

#include <pthread.h>
#include <stdint.h>

#include "runtime/view.h"
#include "server/guest/sink_files.h"

struct sink_options {
	const char *path;
	uint64_t max_bytes; /* a file that would be larger becomes path.1, that path.2, ...; 0:
			       never */
	unsigned keep;      /* how many of those there are */
	size_t queue_bytes; /* what may wait for the disk; one record always may */
	int patience_ms;    /* how long sink_put waits for room there */
	int retry_ms;       /* after a failure nothing is tried for so long */
	const struct sink_files *files;

	/* Called by the sink's thread, and not after sink_close: writing fails, with the errno
	 * and so many records lost up to now; or goes well again, with 0. */
	void (*report)(void *arg, int error, uint64_t lost);
	void *arg;
};

struct sink;

/* The options are copied, what they point to but the path is not and must outlive the sink. A file
 * that can't be opened is a failure like any other: reported, tried again. -ENOMEM, -EAGAIN. */
int sink_open(const struct sink_options *options, struct sink **ret);

/* Takes a copy of the bytes for writing, whole or not at all. Where another source's bytes come
 * before that end in the middle of a line, a newline is written first. gap: bytes that mean nothing
 * but the end of a line, left out where that newline was. Safe from any thread. -ENOBUFS: there was
 * no room in time, -ENOMEM; both are counted as lost. */
int sink_put(struct sink *s, uint64_t source, struct ovd_view bytes, bool gap);

/* From now on sink_put doesn't wait. */
void sink_hurry(struct sink *s);

uint64_t sink_lost(struct sink *s);

/* Writes what waits, for at most so long, and ends. A disk that hangs keeps the thread and what it
 * needs until it answers; then they go by themselves: -ETIMEDOUT. *ret_lost is set in any case, and
 * has what was waiting then. Nobody may be in another call. */
int sink_close(struct sink *s, int timeout_ms, uint64_t *ret_lost);

/* The one that calls report. */
pthread_t sink_thread(const struct sink *s);
