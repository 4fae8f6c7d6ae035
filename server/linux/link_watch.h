/* Links that go: a namespace's end takes its links along, and tells nobody else. */
#pragma once

#include "runtime/view.h"

/* A descriptor that gets readable then; -errno. */
int link_watch_open(void);

/* Reads what there is: calls gone with each name, or, if more happened than was heard, once with
 * an absent one. */
void link_watch_read(int fd, void (*gone)(void *arg, struct ovd_view link), void *arg);
