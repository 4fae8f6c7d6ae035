/* Keys and values in one directory, by LMDB: what was put is there again after a crash at any
 * instruction, whole or not at all. */
#pragma once

#include <stdbool.h>

#include "runtime/buf.h"
#include "runtime/view.h"

#define ENVIRONMENT_KEY_MAX                                                                        \
	511 /* bytes, mdb_env_get_maxkeysize of a build with LMDB's defaults                       \
	     */

struct environment;

struct environment_options {
	const char *dir; /* made with mode 0700, if need be; its files have 0600 */
	bool synced;     /* a change is on the disk when its function returns, else only with the
			    kernel, which is enough for all but the host's own crash */
};

/* Opens it, or makes an empty one. One process at a time; before the process has threads, as a
 * child reads it first: a file that kills its reader, or can't be read to its end, is damaged, and
 * its directory is moved aside, to DIR.damaged, DIR.damaged-2, ...: *ret_moved, to be freed, tells
 * where, else it is NULL. Negative errno; -ENOSPC where there is no room to begin with. */
#define ENVIRONMENT_DAMAGED ".damaged"
int environment_open(const struct environment_options *options, struct environment **ret,
		     char **ret_moved);

/* Accepts NULL. */
void environment_close(struct environment *env);

/* A change: any number of puts and deletes between begin, which waits for other threads' changes
 * and returns an empty buffer for what is put, and end, which carries all out if r is 0 and there
 * was no failure, else none. end returns the first failure, r or its own; -ENOSPC, -EIO, ...
 * Deleting the unknown is ok; what changes nothing costs the disk nothing. */
struct buf *environment_begin(struct environment *env);
void environment_put(struct environment *env, struct ovd_view key, struct ovd_view value);
void environment_delete(struct environment *env, struct ovd_view key);
void environment_clear(struct environment *env);
int environment_end(struct environment *env, int r);

/* No change will come for a while: gives back what memory large ones have left with LMDB. For that
 * the file is closed, and opened by who needs it next; -ESTALE, for that, if somebody has put
 * another one there meanwhile. Waits for a change of another thread's. */
void environment_rest(struct environment *env);

/* Every pair, by key, until each fails. Views live until each returns; -EIO, or what each said. */
int environment_each(struct environment *env,
		     int (*each)(void *arg, struct ovd_view key, struct ovd_view value), void *arg);
