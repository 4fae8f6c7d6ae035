#include <errno.h>

#include "runtime/ip.h"
#include "runtime/number.h"

/* Four decimal parts without leading zeros; nothing may follow. */
static int parse4(const char *p, const char *end, uint8_t b[4])
{
	for (int part = 0; part < 4; part++) {
		const char *start = p;
		unsigned value = 0;

		while (p < end && *p >= '0' && *p <= '9' && p - start < 3)
			value = value * 10 + (unsigned)(*p++ - '0');
		if (p == start || value > 255 || (*start == '0' && p - start > 1))
			return -EINVAL;
		if (part < 3 && (p == end || *p++ != '.'))
			return -EINVAL;
		b[part] = (uint8_t)value;
	}
	return p == end ? 0 : -EINVAL;
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* One to four hex digits. Returns how many. */
static int parse_group(const char *p, const char *end, unsigned *ret)
{
	unsigned value = 0;
	int n = 0;

	while (n < 4 && p + n < end && hex_digit(p[n]) >= 0)
		value = value << 4 | (unsigned)hex_digit(p[n++]);
	*ret = value;
	return n;
}

/* Groups up to the end or a `::`; the last 32 bits may be dotted. Returns how many bytes were
 * filled, or -EINVAL; *at is moved. */
static int parse_groups(const char **at, const char *end, uint8_t *b, int room)
{
	const char *p = *at;
	int n = 0;

	while (n < room && p < end) {
		unsigned value;
		int digits = parse_group(p, end, &value);

		if (n + 4 <= room && digits > 0 && p + digits < end && p[digits] == '.') {
			if (parse4(p, end, b + n) < 0)
				return -EINVAL;
			*at = end;
			return n + 4;
		}
		if (digits == 0)
			return -EINVAL;
		b[n++] = (uint8_t)(value >> 8);
		b[n++] = (uint8_t)value;
		p += digits;
		*at = p;
		if (p == end || *p != ':' || (p + 1 < end && p[1] == ':'))
			break;
		p++;
		if (p == end || n == room)
			return -EINVAL;
	}
	return n;
}

static int parse6(const char *p, const char *end, uint8_t b[16])
{
	uint8_t tail[16] = { 0 };
	int head = 0, rest;

	if (end - p < 2)
		return -EINVAL;
	if (p[0] != ':') {
		head = parse_groups(&p, end, b, 16);
		if (head < 0)
			return -EINVAL;
		if (p == end)
			return head == 16 ? 0 : -EINVAL;
	}
	if (end - p < 2 || p[0] != ':' || p[1] != ':' || head > 14)
		return -EINVAL;
	p += 2;
	rest = p < end ? parse_groups(&p, end, tail, 14 - head) : 0;
	if (rest < 0 || p != end)
		return -EINVAL;
	memcpy(b + 16 - rest, tail, (size_t)rest);
	return 0;
}

int ip_parse(struct ovd_view text, struct ovd_ip *ret)
{
	struct ovd_ip ip = { .len = 16 };
	const char *end = text.p + text.n;
	int r;

	if (text.n == 0 || text.n >= IP_TEXT_MAX)
		return -EINVAL;
	if (memchr(text.p, ':', text.n)) {
		r = parse6(text.p, end, ip.b);
	} else {
		ip.len = 4;
		r = parse4(text.p, end, ip.b);
	}
	if (r == 0)
		*ret = ip;
	return r;
}

int cidr_parse(struct ovd_view text, struct ovd_cidr *ret)
{
	const char *slash = memchr(text.p, '/', text.n);
	struct ovd_view host, length;
	struct ovd_ip ip;
	uint64_t bits;
	int r;

	if (!slash)
		return -EINVAL;
	host = (struct ovd_view){ .p = text.p, .n = (size_t)(slash - text.p) };
	length = (struct ovd_view){ .p = slash + 1, .n = text.n - host.n - 1 };
	r = ip_parse(host, &ip);
	if (r == 0)
		r = u64_parse(length, ip_bits(&ip), &bits);
	if (r < 0)
		return r;
	*ret = cidr_network(&ip, (uint8_t)bits);
	return 0;
}

int endpoint_parse(struct ovd_view text, struct ovd_endpoint *ret)
{
	const char *colon = memrchr(text.p, ':', text.n);
	struct ovd_view host, port;
	struct ovd_endpoint endpoint;
	bool brackets;
	uint64_t number;

	if (!colon)
		return -EINVAL;
	host = (struct ovd_view){ .p = text.p, .n = (size_t)(colon - text.p) };
	port = (struct ovd_view){ .p = colon + 1, .n = text.n - host.n - 1 };
	brackets = host.n >= 2 && host.p[0] == '[' && host.p[host.n - 1] == ']';
	if (brackets)
		host = (struct ovd_view){ .p = host.p + 1, .n = host.n - 2 };
	if (ip_parse(host, &endpoint.ip) < 0 || brackets != (endpoint.ip.len == 16))
		return -EINVAL;
	if (u64_parse(port, UINT16_MAX, &number) < 0 || number == 0)
		return -EINVAL;
	endpoint.port = (uint16_t)number;
	*ret = endpoint;
	return 0;
}
