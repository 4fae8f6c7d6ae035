/* How daemons, and the processes that are their tunnels, end and begin. */
#pragma once

#include "tests/soak/soak.h"

void soak_begin(struct soak *s);

/* The daemon ends, with this status. */
void soak_ended(struct soak *s, int status);

/* It is stopped, in one of three ways, and what it leaves is looked at; the next one begins. */
void soak_stop(struct soak *s, const struct act *act);

/* A wireguard-go is killed; it is noticed, and begun again. */
void soak_device_dies(struct soak *s, unsigned which);
