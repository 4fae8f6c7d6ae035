/* Interface names: the reference's, so that its clients know a bridge by its name. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "runtime/view.h"
#include "server/engine/step.h"

/* zl-PART-PART-SUFFIX where that fits into 15 bytes and the kernel takes it; else zl-HASH-SUFFIX
 * with as many hex digits of the parts' SipHash-1-3 (zero key; each part, then the suffix, followed
 * by a byte 0xff; printed without leading zeros) as there is room for. */
void name_link(const struct ovd_view *parts, size_t n, const char *suffix, char ret[LINK_NAME_MAX]);

/* The host's end of a container's interface number `index`: zl-INO-INDEX, by the inode of its
 * network namespace in hex. */
void name_veth(uint64_t netns_ino, unsigned index, char ret[LINK_NAME_MAX]);

/* The inode of such a name; false if it is none. */
bool name_veth_parse(struct ovd_view name, uint64_t *ret);

/* SipHash with one compression and three finalisation rounds (Aumasson, Bernstein, "SipHash: a fast
 * short-input PRF"), zero key. */
uint64_t siphash13(const void *p, size_t n);
