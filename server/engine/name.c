#include "server/engine/name.h"

#include <endian.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/util.h"

#define PREFIX   "zl-"
#define TEXT_MAX 512 /* of all parts; longer ones are cut, and hashed so */
#define DIGITS   17

static uint64_t rotate(uint64_t x, int n)
{
	return x << n | x >> (64 - n);
}

static void sip_round(uint64_t v[4])
{
	v[0] += v[1];
	v[1] = rotate(v[1], 13) ^ v[0];
	v[0] = rotate(v[0], 32);
	v[2] += v[3];
	v[3] = rotate(v[3], 16) ^ v[2];
	v[0] += v[3];
	v[3] = rotate(v[3], 21) ^ v[0];
	v[2] += v[1];
	v[1] = rotate(v[1], 17) ^ v[2];
	v[2] = rotate(v[2], 32);
}

uint64_t siphash13(const void *p, size_t n)
{
	uint64_t v[4] = { 0x736f6d6570736575, 0x646f72616e646f6d, 0x6c7967656e657261,
			  0x7465646279746573 };
	uint64_t word = 0;

	for (size_t i = 0; i + 8 <= n; i += 8) {
		memcpy(&word, (const char *)p + i, 8);
		v[3] ^= le64toh(word);
		sip_round(v);
		v[0] ^= le64toh(word);
	}
	word = 0;
	memcpy(&word, (const char *)p + n / 8 * 8, n % 8);
	word = le64toh(word) | (uint64_t)n << 56;
	v[3] ^= word;
	sip_round(v);
	v[0] ^= word;
	v[2] ^= 0xff;
	for (int i = 0; i < 3; i++)
		sip_round(v);
	return v[0] ^ v[1] ^ v[2] ^ v[3];
}

/* Each part and a separator behind it, as Rust's hasher is fed with strings. */
static uint64_t hash_parts(const struct ovd_view *parts, size_t n, const char *suffix)
{
	char text[TEXT_MAX];
	size_t used = 0;

	for (size_t i = 0; i <= n; i++) {
		struct ovd_view part = i < n ? parts[i] : view(suffix);
		size_t take = MIN(part.n, sizeof(text) - 1 - used);

		memcpy(text + used, part.p, take);
		used += take;
		text[used++] = (char)0xff;
		if (used == sizeof(text))
			break;
	}
	return siphash13(text, used);
}

/* dev_valid_name() of the kernel, linux/net/core/dev.c; dev_alloc_name() beside it takes a % for
 * the place of a number of its choice. */
static bool kernel_takes(struct ovd_view part)
{
	for (size_t i = 0; i < part.n; i++) {
		unsigned char c = (unsigned char)part.p[i];

		if (c <= ' ' || c >= 0x7f || c == '/' || c == ':' || c == '%')
			return false;
	}
	return true;
}

static bool name_plain(const struct ovd_view *parts, size_t n, const char *suffix,
		       char ret[LINK_NAME_MAX])
{
	size_t used = strlen(PREFIX) - 1;

	memcpy(ret, PREFIX, used);
	for (size_t i = 0; i <= n; i++) {
		struct ovd_view part = i < n ? parts[i] : view(suffix);

		if (used + 1 + part.n >= LINK_NAME_MAX || !kernel_takes(part))
			return false;
		ret[used++] = '-';
		memcpy(ret + used, part.p, part.n);
		used += part.n;
	}
	ret[used] = '\0';
	return true;
}

void name_link(const struct ovd_view *parts, size_t n, const char *suffix, char ret[LINK_NAME_MAX])
{
	char digits[DIGITS];
	int room = LINK_NAME_MAX - 1 - (int)strlen(PREFIX) - 1 - (int)strlen(suffix);

	if (name_plain(parts, n, suffix, ret))
		return;
	snprintf(digits, sizeof(digits), "%" PRIx64, hash_parts(parts, n, suffix));
	snprintf(ret, LINK_NAME_MAX, PREFIX "%.*s-%s", room, digits, suffix);
}

void name_veth(uint64_t netns_ino, unsigned index, char ret[LINK_NAME_MAX])
{
	snprintf(ret, LINK_NAME_MAX, PREFIX "%.8" PRIx64 "-%u", netns_ino & UINT32_MAX, index % 10);
}

bool name_veth_parse(struct ovd_view name, uint64_t *ret)
{
	struct ovd_view start = VIEW_LITERAL(PREFIX);
	uint64_t ino = 0;
	size_t i = start.n;

	if (name.n < start.n || memcmp(name.p, start.p, start.n) != 0)
		return false;
	for (; i < name.n && i < start.n + 8; i++) {
		char c = name.p[i];

		if (!(c >= '0' && c <= '9') && !(c >= 'a' && c <= 'f'))
			return false;
		ino = ino << 4 | (uint64_t)(c <= '9' ? c - '0' : c - 'a' + 10);
	}
	if (i != start.n + 8 || name.n != i + 2 || name.p[i] != '-')
		return false;
	*ret = ino;
	return true;
}
