/* The addresses of one block. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "runtime/ip.h"

/* Most addresses of a block: a /24 of IPv4, a /120 of IPv6. */
#define POOL_MAX 256

/* Addresses are numbered from the block's first. Taken: not to be given out; lent: taken by
 * allocate_ip and not by a container. */
struct pool {
	struct ovd_cidr block;
	uint16_t size;
	uint16_t next; /* where the search begins: an address that came back rests as long as it can
			*/
	uint16_t n_given; /* taken and not reserved */
	uint64_t taken[POOL_MAX / 64];
	uint64_t lent[POOL_MAX / 64];
};

/* A fresh pool. Reserved for good: the first address (the network's name), the second (the gateway,
 * or the node), and IPv4's last (broadcast). -ERANGE for a block of more than POOL_MAX addresses or
 * of one. */
int pool_init(struct pool *pool, const struct ovd_cidr *block);

/* An address that nobody has. -ENOSPC. */
int pool_take(struct pool *pool, struct ovd_ip *ret);

/* This address, which somebody has since before. -EEXIST, -ERANGE: another has it, it is none of
 * the block's. */
int pool_claim(struct pool *pool, const struct ovd_ip *ip);

/* Gives an address back. Call it with what pool_take gave. */
void pool_give(struct pool *pool, const struct ovd_ip *ip);

/* Marks a taken address as lent, or asks. Addresses outside the block are not lent. */
void pool_lend(struct pool *pool, const struct ovd_ip *ip);
bool pool_is_lent(const struct pool *pool, const struct ovd_ip *ip);

/* Nothing can be taken of it. */
bool pool_is_full(const struct pool *pool);

/* How many are lent. */
unsigned pool_n_lent(const struct pool *pool);

bool pool_is_taken(const struct pool *pool, const struct ovd_ip *ip);

/* The second address: the gateway of a bridge, the node's own in its block. */
struct ovd_ip pool_gateway(const struct pool *pool);
