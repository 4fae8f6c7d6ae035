#include "server/engine/pool.h"

#include <errno.h>
#include <string.h>

static bool bit_get(const uint64_t *bits, unsigned i)
{
	return bits[i / 64] >> (i % 64) & 1;
}

static void bit_set(uint64_t *bits, unsigned i)
{
	bits[i / 64] |= UINT64_C(1) << (i % 64);
}

static void bit_clear(uint64_t *bits, unsigned i)
{
	bits[i / 64] &= ~(UINT64_C(1) << (i % 64));
}

int pool_init(struct pool *pool, const struct ovd_cidr *block)
{
	unsigned host_bits = ip_bits(&block->ip) - block->prefix_len;

	if (host_bits == 0 || host_bits > 8)
		return -ERANGE;
	*pool = (struct pool){ .block = *block, .size = (uint16_t)(1u << host_bits) };
	bit_set(pool->taken, 0);
	bit_set(pool->taken, 1);
	if (block->ip.len == 4)
		bit_set(pool->taken, pool->size - 1u);
	return 0;
}

int pool_take(struct pool *pool, struct ovd_ip *ret)
{
	for (unsigned n = 0; n < pool->size; n++) {
		unsigned i = (pool->next + n) % pool->size;

		if (bit_get(pool->taken, i))
			continue;
		bit_set(pool->taken, i);
		pool->next = (uint16_t)((i + 1) % pool->size);
		pool->n_given++;
		*ret = ip_add(&pool->block.ip, i);
		return 0;
	}
	return -ENOSPC;
}

/* The address's number, or -1 if it is none of the block's. */
static int number_of(const struct pool *pool, const struct ovd_ip *ip)
{
	return cidr_holds(&pool->block, ip) ? (int)ip_distance(ip, &pool->block.ip) : -1;
}

int pool_claim(struct pool *pool, const struct ovd_ip *ip)
{
	int i = number_of(pool, ip);

	if (i < 0)
		return -ERANGE;
	if (bit_get(pool->taken, (unsigned)i))
		return -EEXIST;
	bit_set(pool->taken, (unsigned)i);
	pool->n_given++;
	return 0;
}

void pool_give(struct pool *pool, const struct ovd_ip *ip)
{
	int i = number_of(pool, ip);

	if (i < 0 || !bit_get(pool->taken, (unsigned)i))
		return;
	bit_clear(pool->taken, (unsigned)i);
	bit_clear(pool->lent, (unsigned)i);
	pool->n_given--;
}

void pool_lend(struct pool *pool, const struct ovd_ip *ip)
{
	int i = number_of(pool, ip);

	if (i >= 0)
		bit_set(pool->lent, (unsigned)i);
}

bool pool_is_lent(const struct pool *pool, const struct ovd_ip *ip)
{
	int i = number_of(pool, ip);

	return i >= 0 && bit_get(pool->lent, (unsigned)i);
}

bool pool_is_full(const struct pool *pool)
{
	for (unsigned i = 0; i < pool->size; i++)
		if (!bit_get(pool->taken, i))
			return false;
	return true;
}

unsigned pool_n_lent(const struct pool *pool)
{
	unsigned n = 0;

	for (unsigned i = 0; i < pool->size; i++)
		n += bit_get(pool->lent, i);
	return n;
}

bool pool_is_taken(const struct pool *pool, const struct ovd_ip *ip)
{
	int i = number_of(pool, ip);

	return i >= 0 && bit_get(pool->taken, (unsigned)i);
}

struct ovd_ip pool_gateway(const struct pool *pool)
{
	return ip_add(&pool->block.ip, 1);
}
