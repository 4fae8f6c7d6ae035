/* One daemon per data dir. */
#pragma once

#include <sys/types.h>

#define LOCK_FILE "overlayd.lock"

/* Takes DIR/LOCK_FILE and writes our pid into it. Returns a descriptor that holds it until it
 * is closed; -EWOULDBLOCK if another process does, and *ret_holder is its pid, or 0; another
 * negative errno. Waits a second at most for what a holder that is dead has left it to. */
int lock_take(const char *data_dir, pid_t *ret_holder);

/* mkdir -p: parents 0755, the last one of the given mode. Negative errno. */
int make_directory(const char *path, mode_t mode);
