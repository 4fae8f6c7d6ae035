/* Records of the data directory that nobody waits for: what is put within WRITER_MS is one change
 * on the disk, by a thread of its own. */
#pragma once

#include "runtime/log.h"
#include "server/store/store.h"

#define WRITER_MS 50

struct writer;

/* Starts the thread; store and log must outlive it. Negative errno. */
int writer_start(struct store *store, struct log *log, struct writer **ret);

/* A record is to be there, or not there; the last word counts. Encoded at once; never waits for the
 * disk. What can't be written is logged, and tried again with the next. -ENOMEM, -EINVAL. */
int writer_put(struct writer *w, const struct state_record *record);
int writer_delete(struct writer *w, const struct state_record *record);

/* What is put between these two is one change on the disk: nothing is written meanwhile. Both
 * accept NULL. */
void writer_hold(struct writer *w);
void writer_release(struct writer *w);

/* Writes what is left, ends the thread, frees it. Accepts NULL. */
void writer_stop(struct writer *w);
