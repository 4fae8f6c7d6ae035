#include "runtime/ip.h"

#include <stdio.h>

bool ip_eq(const struct ovd_ip *a, const struct ovd_ip *b)
{
	return a->len == b->len && memcmp(a->b, b->b, a->len) == 0;
}

bool cidr_eq(const struct ovd_cidr *a, const struct ovd_cidr *b)
{
	return a->prefix_len == b->prefix_len && ip_eq(&a->ip, &b->ip);
}

bool endpoint_eq(const struct ovd_endpoint *a, const struct ovd_endpoint *b)
{
	return a->port == b->port && ip_eq(&a->ip, &b->ip);
}

static bool same_bits(const uint8_t *a, const uint8_t *b, unsigned n)
{
	unsigned whole = n / 8, rest = n % 8;

	if (memcmp(a, b, whole) != 0)
		return false;
	return rest == 0 || ((a[whole] ^ b[whole]) >> (8 - rest)) == 0;
}

bool cidr_holds(const struct ovd_cidr *cidr, const struct ovd_ip *ip)
{
	return cidr->ip.len == ip->len && same_bits(cidr->ip.b, ip->b, cidr->prefix_len);
}

bool cidr_covers(const struct ovd_cidr *outer, const struct ovd_cidr *inner)
{
	return outer->prefix_len <= inner->prefix_len && cidr_holds(outer, &inner->ip);
}

bool cidr_overlaps(const struct ovd_cidr *a, const struct ovd_cidr *b)
{
	return cidr_covers(a, b) || cidr_covers(b, a);
}

struct ovd_ip ip_add(const struct ovd_ip *ip, uint64_t n)
{
	struct ovd_ip sum = *ip;
	uint64_t carry = 0;

	for (unsigned i = 0; i < ip->len; i++) {
		unsigned at = ip->len - 1u - i;
		uint64_t digit = sum.b[at] + carry + (n & 0xff);

		sum.b[at] = (uint8_t)digit;
		carry = digit >> 8;
		n >>= 8;
	}
	return sum;
}

uint64_t ip_distance(const struct ovd_ip *ip, const struct ovd_ip *base)
{
	uint64_t distance = 0;
	uint8_t difference[16] = { 0 };
	int borrow = 0;

	for (int i = ip->len - 1; i >= 0; i--) {
		int digit = ip->b[i] - base->b[i] - borrow;

		borrow = digit < 0;
		difference[i] = (uint8_t)digit;
	}
	for (unsigned i = 0; i < ip->len; i++) {
		if (distance >> 56)
			return UINT64_MAX;
		distance = distance << 8 | difference[i];
	}
	return borrow ? UINT64_MAX : distance;
}

struct ovd_cidr cidr_network(const struct ovd_ip *ip, uint8_t prefix_len)
{
	struct ovd_cidr cidr = { .ip = *ip, .prefix_len = prefix_len };

	for (unsigned i = 0; i < ip->len; i++) {
		unsigned bits = prefix_len > i * 8 ? prefix_len - i * 8u : 0;

		if (bits < 8)
			cidr.ip.b[i] &= (uint8_t)(0xff00 >> bits);
	}
	return cidr;
}

struct ovd_cidr cidr_host(const struct ovd_ip *ip)
{
	return (struct ovd_cidr){ .ip = *ip, .prefix_len = (uint8_t)ip_bits(ip) };
}
