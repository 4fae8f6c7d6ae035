/* Peers that the tunnel may have otherwise than they are wanted, by key: also those that nobody
 * wants. For the engine's own files. */
#pragma once

#include "server/engine/state.h"

/* Notes a key, once. Forgotten if there is no memory, or PEERS_MAX of them are noted. */
void doubt_note(struct peer_set *set, const struct ovd_key *key);
/* The same of a key that surely isn't noted: there is nothing to search. */
void doubt_add(struct peer_set *set, const struct ovd_key *key);
bool doubt_has(const struct peer_set *set, const struct ovd_key *key);

/* The tunnel was just given all peers: what is wanted is not in doubt any more; with `all`, nothing
 * is, as there is no tunnel. */
void doubts_end(struct peer_set *set, bool all);
