/* The directory of wireguard-go's control sockets, made usable at start. */
#pragma once

#include <stdbool.h>

#include "runtime/log.h"

/* Creates dir, mode 0700, with its parents; one that another user owns is renamed to
 * `.<name>.stale-<pid>-<n>` beside it first, unless `rootless`. Sockets named zl-*.sock in it that
 * nobody listens on are removed, nothing else. Call it with the data dir's lock held. Failures are
 * logged; negative errno if the directory is not usable. */
int control_dir_prepare(const char *dir, bool rootless, struct log *log);

/* Removes a socket in it that nobody listens on; true if it was there, and so. */
bool control_dir_remove_dead(const char *dir, const char *name);
