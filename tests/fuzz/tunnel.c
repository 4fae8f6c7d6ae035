#include "tests/fuzz/tunnel.h"

#include "tests/fuzz/fuzz.h"

static void endpoint_must_be_sound(const struct ovd_endpoint *endpoint)
{
	char text[ENDPOINT_TEXT_MAX];
	struct ovd_endpoint again;

	MUST(endpoint->ip.len == 4 || endpoint->ip.len == 16);
	MUST(endpoint_parse(view(endpoint_format(endpoint, text)), &again) == 0);
	MUST(endpoint_eq(endpoint, &again));
}

static void prefix_must_be_sound(const struct ovd_cidr *cidr)
{
	char text[CIDR_TEXT_MAX];
	struct ovd_cidr again;

	MUST(cidr->ip.len == 4 || cidr->ip.len == 16);
	MUST(cidr_parse(view(cidr_format(cidr, text)), &again) == 0);
	MUST(cidr_eq(cidr, &again));
}

void tunnel_must_be_sound(const struct tunnel_state *state)
{
	for (size_t i = 0; i < state->n_peers; i++) {
		const struct tunnel_peer *peer = &state->peers[i];

		if (peer->has_endpoint)
			endpoint_must_be_sound(&peer->endpoint);
		for (size_t k = 0; k < peer->n_allowed; k++)
			prefix_must_be_sound(&peer->allowed[k]);
	}
}

static void peer_must_be_same(const struct tunnel_peer *a, const struct tunnel_peer *b)
{
	MUST(key_eq(&a->key, &b->key));
	MUST(a->has_endpoint == b->has_endpoint && a->has_keepalive == b->has_keepalive);
	MUST(!a->has_endpoint || endpoint_eq(&a->endpoint, &b->endpoint));
	MUST(a->keepalive == b->keepalive && a->n_allowed == b->n_allowed);
	for (size_t k = 0; k < a->n_allowed; k++)
		MUST(cidr_eq(&a->allowed[k], &b->allowed[k]));
}

void tunnel_must_be_same(const struct tunnel_state *a, const struct tunnel_state *b)
{
	MUST(a->listen_port == b->listen_port && a->n_peers == b->n_peers);
	for (size_t i = 0; i < a->n_peers; i++)
		peer_must_be_same(&a->peers[i], &b->peers[i]);
}
