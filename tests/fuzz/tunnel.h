/* What every reader of a WireGuard device's state owes its callers. */
#pragma once

#include "server/engine/tunnel.h"

/* Addresses are of a family, prefixes no longer than it and written as they are read. */
void tunnel_must_be_sound(const struct tunnel_state *state);

/* The same peers with the same values, but for what a change can't say. */
void tunnel_must_be_same(const struct tunnel_state *a, const struct tunnel_state *b);
