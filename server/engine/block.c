#include "server/engine/block.h"

#include <errno.h>

#include "runtime/number.h"
#include "runtime/util.h"

#define FNV_START UINT64_C(0xcbf29ce484222325)
#define FNV_PRIME UINT64_C(0x100000001b3)

static uint64_t fnv1a(uint64_t hash, struct ovd_view bytes)
{
	for (size_t i = 0; i < bytes.n; i++)
		hash = (hash ^ (unsigned char)bytes.p[i]) * FNV_PRIME;
	return hash;
}

uint8_t block_len(const struct ovd_cidr *range)
{
	return range->ip.len == 4 ? BLOCK_LEN_IP4 : BLOCK_LEN_IP6;
}

uint64_t block_count(const struct ovd_cidr *range)
{
	int bits = block_len(range) - range->prefix_len;

	if (bits < 0)
		return 0;
	return bits < 64 ? UINT64_C(1) << bits : UINT64_MAX;
}

struct ovd_cidr block_first(const struct ovd_cidr *range)
{
	return cidr_network(&range->ip, MAX(range->prefix_len, block_len(range)));
}

static struct ovd_cidr block_at(const struct ovd_cidr *range, uint64_t slot)
{
	uint8_t len = block_len(range);
	struct ovd_ip ip = range->ip;

	/* the slot's number lies above the block's host bits; added in two steps, as it may be
	 * wider than 64 bits there */
	unsigned host_bits = ip_bits(&ip) - len;
	uint64_t high = slot >> (64 - host_bits);

	ip = ip_add(&ip, slot << host_bits);
	if (high)
		for (unsigned i = 0; i < 8; i++)
			ip.b[7 - i] = (uint8_t)(ip.b[7 - i] + (high >> (8 * i)));
	return cidr_network(&ip, len);
}

int block_choose(const struct ovd_cidr *range, struct ovd_view service, uint64_t node_id,
		 bool (*taken)(const void *arg, const struct ovd_cidr *block), const void *arg,
		 struct ovd_cidr *ret)
{
	char number[U64_TEXT_MAX];
	struct ovd_view node = { .p = number, .n = u64_format(node_id, number) };
	uint64_t hash = fnv1a(fnv1a(fnv1a(FNV_START, service), VIEW_LITERAL("\x1f")), node);
	uint64_t count = block_count(range);

	for (uint64_t i = 0; i < MIN(count, (uint64_t)BLOCK_TRIES_MAX); i++) {
		uint64_t slot = hash % count;
		struct ovd_cidr block;

		slot = i < count - slot ? slot + i : i - (count - slot);
		block = block_at(range, slot);
		if (!taken(arg, &block)) {
			*ret = block;
			return 0;
		}
	}
	return -ENOSPC;
}

struct ovd_cidr block_half(const struct ovd_cidr *block, bool upper)
{
	struct ovd_cidr half = { .ip = block->ip, .prefix_len = (uint8_t)(block->prefix_len + 1) };
	unsigned bit = block->prefix_len;

	if (upper)
		half.ip.b[bit / 8] |= (uint8_t)(0x80 >> bit % 8);
	return half;
}

struct ovd_cidr block_whole(const struct ovd_cidr *half)
{
	return cidr_network(&half->ip, (uint8_t)(half->prefix_len - 1));
}
