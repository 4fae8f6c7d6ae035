#include "server/linux/tunnel_difference.h"

#include <stdarg.h>
#include <stdio.h>

#include "tests/check.h"

#define NOW 1700000000

static struct ovd_cidr cidr(const char *text)
{
	struct ovd_cidr value;

	CHECK_INT(cidr_parse(view(text), &value), 0);
	return value;
}

static struct ovd_endpoint at(const char *text)
{
	struct ovd_endpoint value;

	CHECK_INT(endpoint_parse(view(text), &value), 0);
	return value;
}

static void put(char *out, size_t size, const char *format, ...) _printf_(3, 4);

static void put(char *out, size_t size, const char *format, ...)
{
	size_t had = strlen(out);
	va_list args;

	va_start(args, format);
	vsnprintf(out + had, size - had, format, args);
	va_end(args);
}

/* "1 at 192.0.2.1:9 keepalive 25 +10.1.0.0/16 -10.2.0.0/16; " */
static void check(const struct tunnel_peer *is, size_t n_is, const struct tunnel_peer *wanted,
		  size_t n, const char *want)
{
	const struct tunnel_state state = { .peers = is, .n_peers = n_is };
	struct tunnel_difference d;
	char out[512] = "", text[ENDPOINT_TEXT_MAX];

	CHECK_INT(tunnel_difference(&state, wanted, n, false, NOW, &d), 0);
	for (size_t i = 0; i < d.n; i++) {
		const struct tunnel_peer *p = &d.peers[i];

		CHECK(!p->remove);
		put(out, sizeof(out), "%d", p->key.b[0]);
		if (p->has_endpoint)
			put(out, sizeof(out), " at %s", endpoint_format(&p->endpoint, text));
		if (p->has_keepalive)
			put(out, sizeof(out), " keepalive %u", p->keepalive);
		for (size_t k = 0; k < p->n_allowed; k++)
			put(out, sizeof(out), " +%s", cidr_format(&p->allowed[k], text));
		for (size_t k = 0; k < p->n_removed; k++)
			put(out, sizeof(out), " -%s", cidr_format(&p->removed[k], text));
		put(out, sizeof(out), "; ");
	}
	CHECK_STR(out, want);
	tunnel_difference_done(&d);
}

TEST(what_is_so_is_not_said)
{
	const struct ovd_cidr list[] = { cidr("10.1.0.0/16"), cidr("10.2.0.0/16") },
			      turned[] = { list[1], list[0] };
	const struct tunnel_peer is[] = {
		{ .key = { { 2 } } },
		{ .key = { { 1 } },
		  .has_endpoint = true,
		  .endpoint = at("192.0.2.1:9"),
		  .keepalive = 25,
		  .allowed = list,
		  .n_allowed = 2 },
	};
	struct tunnel_peer wanted[] = { is[1], is[0] };

	wanted[0].allowed = turned;
	check(is, 2, wanted, 2, "");
	check(NULL, 0, NULL, 0, "");
	check(is, 2, NULL, 0, ""); /* what nobody wants stays */
}

TEST(what_differs_is_said)
{
	const struct ovd_cidr a[] = { cidr("10.1.0.0/16"), cidr("10.2.0.0/16") },
			      b[] = { cidr("10.2.0.0/16"), cidr("10.3.0.0/16") };
	const struct tunnel_peer is[] = { { .key = { { 1 } }, .allowed = a, .n_allowed = 2 } };
	const struct tunnel_peer wanted[] = {
		{ .key = { { 1 } }, .keepalive = 25, .allowed = b, .n_allowed = 2 },
		{ .key = { { 2 } },
		  .has_endpoint = true,
		  .endpoint = at("192.0.2.1:9"),
		  .has_keepalive = true,
		  .allowed = a,
		  .n_allowed = 1 },
	};

	check(is, 1, wanted, 1, "1 keepalive 25 +10.3.0.0/16 -10.1.0.0/16; ");
	check(is, 1, wanted, 2,
	      "1 keepalive 25 +10.3.0.0/16; 2 at 192.0.2.1:9 keepalive 0 +10.1.0.0/16; ");
}

/* It is taken from its holder by being given: to take it away afterwards would lose it. */
TEST(a_prefix_that_moves)
{
	const struct ovd_cidr list[] = { cidr("10.1.0.0/16") };
	const struct tunnel_peer is[] = { { .key = { { 2 } }, .allowed = list, .n_allowed = 1 } };
	const struct tunnel_peer wanted[] = { { .key = { { 1 } }, .allowed = list, .n_allowed = 1 },
					      { .key = { { 2 } } } };

	check(is, 1, wanted, 2, "1 +10.1.0.0/16; ");
}

TEST(an_endpoint_with_handshakes_stays)
{
	struct tunnel_peer is = { .key = { { 1 } },
				  .has_endpoint = true,
				  .endpoint = at("198.51.100.7:7"),
				  .last_handshake = NOW - 100 };
	const struct tunnel_peer wanted = { .key = { { 1 } },
					    .has_endpoint = true,
					    .endpoint = at("192.0.2.1:9") };

	check(&is, 1, &wanted, 1, "");
	is.last_handshake = NOW - 200;
	check(&is, 1, &wanted, 1, "1 at 192.0.2.1:9; ");
	is.last_handshake = 0;
	check(&is, 1, &wanted, 1, "1 at 192.0.2.1:9; ");
}

TEST(peers_that_nobody_wants)
{
	const struct tunnel_peer is[] = { { .key = { { 3 } } },
					  { .key = { { 1 } } },
					  { .key = { { 2 } } } },
				 wanted[] = { { .key = { { 4 } } }, { .key = { { 2 } } } };
	const struct tunnel_state state = { .peers = is, .n_peers = 3 };
	struct tunnel_difference d;

	CHECK_INT(tunnel_difference(&state, wanted, 2, true, NOW, &d), 0);
	CHECK_INT(d.n, 3);
	CHECK(d.peers[0].key.b[0] == 4 && !d.peers[0].remove);
	CHECK(d.peers[1].key.b[0] == 1 && d.peers[1].remove);
	CHECK(d.peers[2].key.b[0] == 3 && d.peers[2].remove);
	tunnel_difference_done(&d);
	CHECK_INT(tunnel_difference(&state, NULL, 0, false, NOW, &d), 0);
	CHECK_INT(d.n, 0);
	tunnel_difference_done(&d);
}
