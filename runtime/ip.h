/* IP addresses, prefixes and endpoints. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "runtime/view.h"

/* An address in network byte order: 4 bytes of IPv4 or 16 of IPv6, the rest zero. {0} is no
 * address. */
struct ovd_ip {
	uint8_t len;
	uint8_t b[16];
};

/* An address and how many of its leading bits count. */
struct ovd_cidr {
	struct ovd_ip ip;
	uint8_t prefix_len; /* 0 to 32 or 128 */
};

/* Where a datagram goes. */
struct ovd_endpoint {
	struct ovd_ip ip;
	uint16_t port; /* host byte order */
};

#define IP_TEXT_MAX       48
#define CIDR_TEXT_MAX     52
#define ENDPOINT_TEXT_MAX 56

/* IPv4 in four decimal parts without leading zeros, IPv6 as RFC 4291 section 2.2 writes it; no
 * zone.
 * `::` may stand for one group. -EINVAL for another text. */
int ip_parse(struct ovd_view text, struct ovd_ip *ret);

/* RFC 5952, with a dotted tail for ::ffff:0:0/96 alone. Returns how many bytes are before the NUL;
 * or text. */
size_t ip_put(const struct ovd_ip *ip, char text[IP_TEXT_MAX]);
const char *ip_format(const struct ovd_ip *ip, char text[IP_TEXT_MAX]);

/* address/length; host bits are cleared. -EINVAL without a length or for another text, -ERANGE for
 * a length above the family's. */
int cidr_parse(struct ovd_view text, struct ovd_cidr *ret);
const char *cidr_format(const struct ovd_cidr *cidr, char text[CIDR_TEXT_MAX]);

/* ip:port or [v6]:port, port 1 to 65535. -EINVAL for another text, a host name included. */
int endpoint_parse(struct ovd_view text, struct ovd_endpoint *ret);
const char *endpoint_format(const struct ovd_endpoint *endpoint, char text[ENDPOINT_TEXT_MAX]);

bool ip_eq(const struct ovd_ip *a, const struct ovd_ip *b);
bool cidr_eq(const struct ovd_cidr *a, const struct ovd_cidr *b);
bool endpoint_eq(const struct ovd_endpoint *a, const struct ovd_endpoint *b);

/* The address is of the prefix's family and inside it. */
bool cidr_holds(const struct ovd_cidr *cidr, const struct ovd_ip *ip);

/* All of inner is inside outer; some address is in both. */
bool cidr_covers(const struct ovd_cidr *outer, const struct ovd_cidr *inner);
bool cidr_overlaps(const struct ovd_cidr *a, const struct ovd_cidr *b);

/* Bits of an address of this family: 32 or 128. */
static inline unsigned ip_bits(const struct ovd_ip *ip)
{
	return ip->len * 8u;
}

/* The address n behind ip; wraps at the end of the family. */
struct ovd_ip ip_add(const struct ovd_ip *ip, uint64_t n);

/* ip minus base, both of one family; UINT64_MAX if it is more than 64 bits or negative. */
uint64_t ip_distance(const struct ovd_ip *ip, const struct ovd_ip *base);

/* The prefix with the host bits cleared. */
struct ovd_cidr cidr_network(const struct ovd_ip *ip, uint8_t prefix_len);

/* The prefix that is one address. */
struct ovd_cidr cidr_host(const struct ovd_ip *ip);
