/* A tunnel whose process has died is made again, and given what it had. */
#pragma once

#include "server/ops/daemon.h"

/* The other side of a tunnel's channel is gone, and nobody asked for that. Begins to make the
 * tunnel again, soon, unless that is under way. What fails twice is logged: a first failure may be
 * of a process that was not quite dead. */
void heal_begin(struct daemon *d, struct ovd_view service);
