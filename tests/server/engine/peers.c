#include "tests/server/engine/peers.h"

int peer_set(struct node *n, const struct want *want)
{
	struct peer_spec spec = { .key = { { want->number } },
				  .host = view(want->host),
				  .keepalive = want->keepalive };
	struct ovd_cidr allowed[4];

	for (; spec.n_allowed < 4 && want->allowed[spec.n_allowed]; spec.n_allowed++)
		allowed[spec.n_allowed] = cidr_of(want->allowed[spec.n_allowed]);
	spec.allowed = allowed;
	spec.has_endpoint = want->endpoint;
	if (want->endpoint)
		CHECK_INT(endpoint_parse(view(want->endpoint), &spec.endpoint), 0);
	plan_done(&n->plan);
	n->intent = NULL;
	return engine_peer_set(n->e, &spec, &n->plan, &n->change, &n->intent);
}

int peer_allow(struct node *n, uint8_t number, const char *cidr, bool less)
{
	const struct ovd_key key = { { number } };
	const struct ovd_cidr value = cidr_of(cidr);

	plan_done(&n->plan);
	n->intent = NULL;
	return (less ? engine_peer_disallow : engine_peer_allow)(n->e, NODES_TUNNEL, &key, &value,
								 &n->plan, &n->change, &n->intent);
}

int peer_unset(struct node *n, uint8_t number)
{
	const struct ovd_key key = { { number } };

	plan_done(&n->plan);
	n->intent = NULL;
	return engine_peer_remove(n->e, NODES_TUNNEL, &key, &n->plan, &n->change, &n->intent);
}

int peer_is_resolved(struct node *n, uint8_t number, const char *host, const char *endpoint)
{
	const struct ovd_key key = { { number } };
	struct ovd_endpoint value;

	CHECK_INT(endpoint_parse(view(endpoint), &value), 0);
	n->intent = NULL;
	return engine_peer_resolved(n->e, NODES_TUNNEL, &key, view(host), &value, &n->change,
				    &n->intent);
}

static void put_view(void *arg, const struct peer_view *peer)
{
	struct buf *b = arg;
	char text[CIDR_TEXT_MAX], endpoint[ENDPOINT_TEXT_MAX];

	buf_printf(b, "%u", peer->key.b[0]);
	if (peer->host.p)
		buf_printf(b, " %.*s", VIEW(peer->host));
	if (peer->has_endpoint)
		buf_printf(b, " %s", endpoint_format(&peer->endpoint, endpoint));
	for (size_t i = 0; i < peer->n_allowed; i++)
		buf_printf(b, " %s", cidr_format(&peer->allowed[i], text));
	buf_text(b, "; ");
}

void check_peers(struct node *n, const char *want)
{
	_cleanup_(buf_done) struct buf b = { .p = NULL };

	engine_each_peer(n->e, NODES_TUNNEL, put_view, &b);
	CHECK_VIEW(buf_view(&b), want);
}

int peer_of_service_set(struct node *n, const char *service, uint8_t key, const char *prefix)
{
	const struct ovd_cidr allowed = cidr_of(prefix);
	const struct peer_spec spec = {
		.service = view(service), .key = { { key } }, .allowed = &allowed, .n_allowed = 1
	};

	plan_done(&n->plan);
	n->intent = NULL;
	return engine_peer_set(n->e, &spec, &n->plan, &n->change, &n->intent);
}

void peer_of_service(struct node *n, const char *service, uint8_t key, const char *prefix)
{
	CHECK_INT(peer_of_service_set(n, service, key, prefix), 0);
	node_commit(n);
}
