/* Which block of a range a service gets. */
#pragma once

#include <stdbool.h>

#include "runtime/ip.h"
#include "runtime/view.h"

/* Prefix length of a block: 61 containers of IPv4, 254 of IPv6. */
#define BLOCK_LEN_IP4 26
#define BLOCK_LEN_IP6 120

/* Most blocks that are looked at before a range counts as full. */
#define BLOCK_TRIES_MAX 65536

uint8_t block_len(const struct ovd_cidr *range);

/* How many blocks a range has: 0 if it is smaller than one; UINT64_MAX for 2^64 and more. */
uint64_t block_count(const struct ovd_cidr *range);

/* The node's own block: the range's first, or all of a smaller range. */
struct ovd_cidr block_first(const struct ovd_cidr *range);

/* Half of a block of more than one address; the block of which this is a half. */
struct ovd_cidr block_half(const struct ovd_cidr *block, bool upper);
struct ovd_cidr block_whole(const struct ovd_cidr *half);

/* The first block that nobody has, starting where the reference does: FNV-1a-64 of service, 0x1f,
 * the node's number in decimal, modulo the number of blocks. -ENOSPC when all are taken. */
int block_choose(const struct ovd_cidr *range, struct ovd_view service, uint64_t node_id,
		 bool (*taken)(const void *arg, const struct ovd_cidr *block), const void *arg,
		 struct ovd_cidr *ret);
