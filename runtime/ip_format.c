#include "runtime/ip.h"
#include "runtime/number.h"

static char *put_octet(char *p, unsigned value)
{
	if (value >= 100)
		*p++ = (char)('0' + value / 100);
	if (value >= 10)
		*p++ = (char)('0' + value / 10 % 10);
	*p++ = (char)('0' + value % 10);
	return p;
}

static char *put4(char *p, const uint8_t b[4])
{
	for (int i = 0; i < 4; i++) {
		if (i > 0)
			*p++ = '.';
		p = put_octet(p, b[i]);
	}
	return p;
}

static char *put_hex(char *p, unsigned value)
{
	int shift = 12;

	while (shift > 0 && !(value >> shift))
		shift -= 4;
	for (; shift >= 0; shift -= 4)
		*p++ = "0123456789abcdef"[value >> shift & 0xf];
	return p;
}

static unsigned group(const uint8_t *b, int i)
{
	return (unsigned)b[2 * i] << 8 | b[2 * i + 1];
}

/* The first of the longest runs of zero groups; one alone is none. */
static int longest_zeros(const uint8_t *b, int *ret_n)
{
	int best = -1, best_n = 1;

	for (int i = 0; i < 8; i++) {
		int n = 0;

		while (i + n < 8 && group(b, i + n) == 0)
			n++;
		if (n > best_n) {
			best = i;
			best_n = n;
		}
		i += n;
	}
	*ret_n = best_n;
	return best;
}

static char *put6(char *p, const uint8_t b[16])
{
	int n, zeros = longest_zeros(b, &n);

	for (int i = 0; i < 8; i++) {
		if (i == zeros) {
			*p++ = ':';
			*p++ = ':';
			i += n - 1;
			continue;
		}
		if (i > 0 && i != zeros + n)
			*p++ = ':';
		p = put_hex(p, group(b, i));
	}
	return p;
}

size_t ip_put(const struct ovd_ip *ip, char text[IP_TEXT_MAX])
{
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };
	char *p = text;

	if (ip->len == 4) {
		p = put4(p, ip->b);
	} else if (ip->len == 16 && memcmp(ip->b, mapped, sizeof(mapped)) == 0) {
		memcpy(p, "::ffff:", 7);
		p = put4(p + 7, ip->b + 12);
	} else if (ip->len == 16) {
		p = put6(p, ip->b);
	}
	*p = '\0';
	return (size_t)(p - text);
}

const char *ip_format(const struct ovd_ip *ip, char text[IP_TEXT_MAX])
{
	ip_put(ip, text);
	return text;
}

const char *cidr_format(const struct ovd_cidr *cidr, char text[CIDR_TEXT_MAX])
{
	size_t n = ip_put(&cidr->ip, text);

	text[n++] = '/';
	u64_format(cidr->prefix_len, text + n);
	return text;
}

const char *endpoint_format(const struct ovd_endpoint *endpoint, char text[ENDPOINT_TEXT_MAX])
{
	bool bracketed = endpoint->ip.len == 16;
	size_t n = 0;

	if (bracketed)
		text[n++] = '[';
	n += ip_put(&endpoint->ip, text + n);
	if (bracketed)
		text[n++] = ']';
	text[n++] = ':';
	u64_format(endpoint->port, text + n);
	return text;
}
