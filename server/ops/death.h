/* Containers whose process or namespace ends are detached by the daemon itself. */
#pragma once

#include "server/ops/daemon.h"

/* Makes what watches, so that death_watch may be called; begins to watch on the loop, with the
 * processes of all containers that are known and not watched yet. Negative errno. */
int deaths_new(struct daemon *d);
int deaths_start(struct daemon *d);

/* A container of this owner is being attached, or isn't any more. Takes the descriptor over, which
 * may be -1: then nobody hears of its end. */
void death_watch(struct daemon *d, const struct owner *owner, int process);
void death_forget(struct daemon *d, const struct owner *owner);

/* Looks whether a namespace that is known by this has ended, and nobody has told yet. */
void death_look(struct daemon *d, const struct owner *owner);

/* One is just being detached; from now on no other one is begun. */
bool deaths_busy(const struct daemon *d);
void deaths_stop(struct daemon *d);

/* The memory goes when the loop has run once more. Whatever deaths_new said. */
void deaths_close(struct daemon *d);
