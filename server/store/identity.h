/* The node's WireGuard key, kept in the data dir. */
#pragma once

#include "runtime/key.h"

/* Reads the private key in <data_dir>/node.key (44 characters of base64 and a newline, mode 0600),
 * or makes one and writes it, synced, before it returns. -EBADMSG for a file that holds something
 * else: it is never overwritten. The caller wipes *ret_private. */
int identity_load(const char *data_dir, struct ovd_key *ret_private, struct ovd_key *ret_public);

/* A fresh pair, which is kept nowhere. -EIO. The caller wipes *ret_private. */
int identity_make(struct ovd_key *ret_private, struct ovd_key *ret_public);

/* The public half of a private key. -EIO. */
int identity_public(const struct ovd_key *private_key, struct ovd_key *ret);
