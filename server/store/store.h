/* What the daemon remembers: the records of schema/state.proto, in two places. Node, tunnel,
 * services and peers lie under the data directory, on the disk when they were put; attachments,
 * leases and settings lie in the run directory, and are forgotten when the host boots. Of those
 * what the kernel couldn't tell, which is leases, settings and attachments without an interface,
 * lies in a copy too, under the data directory: with that the run directory's is filled if it lost
 * them. What can't be written to the copy is missing there alone.
 *
 * A record takes the place of an earlier one of the same kind and name. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "runtime/buf.h"
#include "schema/state.h"

struct store;

struct store_options {
	const char *data_dir; /* the records lie in DIR/store, the copy in DIR/store.copy; the
				 directory itself is there */
	const char *run_dir;  /* the same */
	const char *boot_id;  /* another one than the last time: a new boot */
	const char **failed;  /* set if it can't be opened: which directory; NULL if nobody asks */
};

/* What was moved aside because it was damaged; NULL for nothing. */
struct store_moved {
	char *data, *run, *copy; /* from malloc */
	int copy_missed;         /* 0; -errno: the copy can't be written, and is old, or none */
};

/* Opens it, or makes an empty one. Before the process has threads: see environment_open. */
int store_open(const struct store_options *options, struct store **ret,
	       struct store_moved *ret_moved);

/* Accepts NULL. */
void store_close(struct store *s);

/* What was there is unknown: it said nothing when it was opened, now or by an earlier life, as it
 * was new, or moved aside, or somebody emptied or removed it; and nobody has said since that all
 * records are there again, which is said by the second, of both. For the run directory another boot
 * than the one it names says it too. untold: the run directory's is lost, and so is its copy.
 * -errno. */
struct store_loss {
	bool data, run, untold;
};
struct store_loss store_loss(const struct store *s);
int store_made_good(struct store *s);

/* One record, at once. Any thread. Of a record to be deleted only what names it counts; the unknown
 * is ok. Negative errno, and nothing has changed. */
int store_put(struct store *s, const struct state_record *record);
int store_delete(struct store *s, const struct state_record *record);

/* Many records of the data directory in one change, which costs the disk once: they are encoded
 * when they are added. Each piece is twice the one before, so that adding one never moves all that
 * is there. {0} is empty. */
#define STORE_BATCH_PIECES 16
struct store_batch {
	struct buf pieces[STORE_BATCH_PIECES];
	unsigned last; /* that is in use */
	size_t n;      /* records */
};
int store_batch_put(struct store_batch *batch, const struct state_record *record);
int store_batch_delete(struct store_batch *batch, const struct state_record *record);

/* Empties it, and keeps a little of its memory; frees it. */
void store_batch_clear(struct store_batch *batch);
void store_batch_done(struct store_batch *batch);

/* Carries the batch out, all or nothing; the batch stays. Any thread. */
int store_commit(struct store *s, const struct store_batch *batch);

/* No record of the data directory will come for a while: see environment_rest. */
void store_rest(struct store *s);

/* Each record, those of a kind one after the other, in the order of enum state_record_kind; views
 * live until each returns. unread is told of what this program doesn't understand: it is left
 * where it is. Stops at the first failure of each, and returns it; -EIO, -ENOMEM. */
int store_load(struct store *s, int (*each)(void *arg, const struct state_record *record),
	       void (*unread)(void *arg, struct ovd_view key, const char *why), void *arg);

/* The same for one kind alone; what this program doesn't understand is left out. */
int store_each(struct store *s, enum state_record_kind kind,
	       int (*each)(void *arg, const struct state_record *record), void *arg);

/* This boot's id: boot_id of random(4), 36 characters. -errno. */
#define STORE_BOOT_ID_MAX 37
int store_boot_id(char ret[STORE_BOOT_ID_MAX]);
