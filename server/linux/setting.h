/* Settings of the host, files below /proc/sys: what we change is written down first, so that it can
 * be taken back, also by another daemon after this one's sudden end. */
#pragma once

#include "server/store/store.h"

/* Bytes of a value, with the NUL; a longer one is none of those that we change. */
#define SETTING_MAX 32

/* Bytes of a path below /proc/sys, with the NUL: schema/state.proto. */
#define SETTING_PATH_MAX 256

/* What it says, without its newline. -ENOENT if there is none, -EMSGSIZE; other errno of open(2),
 * read(2). */
int setting_read(const char *path, char ret[SETTING_MAX]);

/* It says that from now on. What it said before goes to the store first, unless store is NULL or it
 * says that already. Negative errno, and it is as it was. */
int setting_change(struct store *store, const char *path, const char *value);

/* Writes down that it is about to say `ours`, which something else brings about. store: not NULL.
 */
int setting_note(struct store *store, const char *path, const char *ours);

/* Those in the store that say what we left there say again what they said before; whatever somebody
 * else has changed since stays, also by a switch for all links. None is in the store afterwards but
 * those that could not be written: the first failure, and detail, PLAN_DETAIL_MAX bytes, names that
 * one. */
int settings_restore(struct store *store, char *detail);
