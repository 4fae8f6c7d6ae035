#include "tests/server/engine/node.h"

void node_init(struct node *n)
{
	static const struct ovd_key private_key = { { 1 } },
				    public_key = { { 0xab, 0xcd, 0xef, 0x12 } };

	*n = (struct node){ .e = engine_new(&private_key, &public_key) };
	CHECK(n->e);
}

static void forget(struct node *n)
{
	plan_done(&n->plan);
	n->intent = NULL;
	n->change = (struct tunnel_change){ .n_peers = 0 };
}

void node_done(struct node *n)
{
	forget(n);
	engine_free(n->e);
	buf_done(&n->text);
}

void node_commit(struct node *n)
{
	engine_commit(n->e, n->intent);
	n->intent = NULL;
}

void node_drop(struct node *n)
{
	engine_drop(n->e, n->intent);
	n->intent = NULL;
}

struct ovd_cidr cidr_of(const char *text)
{
	struct ovd_cidr cidr;

	CHECK_INT(cidr_parse(view(text), &cidr), 0);
	return cidr;
}

struct ovd_ip ip_of(const char *text)
{
	struct ovd_ip ip;

	CHECK_INT(ip_parse(view(text), &ip), 0);
	return ip;
}

/* ---- calls ---- */

int node_setup(struct node *n, const char *cluster, const char *slice, uint16_t port)
{
	struct global_spec spec = { .deployment = VIEW_LITERAL("zlayer"),
				    .instance = VIEW_LITERAL("12345"),
				    .cluster = cidr_of(cluster),
				    .has_slice = slice,
				    .port = port };

	if (slice)
		spec.slice = cidr_of(slice);
	forget(n);
	return engine_global_setup(n->e, &spec, &n->plan, &n->intent);
}

int node_teardown(struct node *n)
{
	forget(n);
	return engine_global_teardown(n->e, &n->plan, &n->intent);
}

int node_service(struct node *n, const char *name, enum service_mode mode)
{
	forget(n);
	return engine_service_setup(n->e, view(name), mode, &n->plan, &n->intent);
}

int node_unservice(struct node *n, const char *name)
{
	forget(n);
	return engine_service_teardown(n->e, view(name), &n->plan, &n->intent);
}

int node_reap(struct node *n)
{
	forget(n);
	return engine_service_reap(n->e, view(engine_service_leaver(n->e) ?: ""), &n->plan,
				   &n->intent);
}

struct attach_spec attach_spec_of(uint32_t pid, uint64_t ns, const char *service)
{
	return (struct attach_spec){ .owner = { .netns_dev = 4,
						.netns_ino = ns,
						.start_time = ns * 7,
						.pid = pid,
						.netns = 99 },
				     .service = view(service) };
}

static bool say(const void *arg, const struct owner *owner _unused_)
{
	return *(const bool *)arg;
}

int node_attach_spec(struct node *n, const struct attach_spec *spec, bool gone, struct ovd_ip *ret)
{
	forget(n);
	return engine_attach(n->e, spec, say, &gone, &n->plan, &n->intent, ret);
}

int node_attach(struct node *n, uint32_t pid, uint64_t ns, const char *service, struct ovd_ip *ret)
{
	const struct attach_spec spec = attach_spec_of(pid, ns, service);

	return node_attach_spec(n, &spec, false, ret);
}

int node_detach(struct node *n, uint32_t pid)
{
	forget(n);
	return engine_detach(n->e, &(struct owner){ .pid = pid }, &n->plan, &n->intent);
}

void node_has_tunnel(struct node *n)
{
	CHECK_INT(node_setup(n, "10.200.0.0/16", "10.200.4.0/24", 51820), 0);
	node_commit(n);
}

void node_has_service(struct node *n, const char *name)
{
	CHECK_INT(node_service(n, name, SERVICE_AUTO), 0);
	node_commit(n);
}

struct ovd_ip node_has_container(struct node *n, uint32_t pid, uint64_t ns, const char *service)
{
	struct ovd_ip ip;

	CHECK_INT(node_attach(n, pid, ns, service, &ip), 0);
	node_commit(n);
	return ip;
}

/* ---- texts ---- */

static void put_cidr(struct buf *b, const char *before, const struct ovd_cidr *cidr)
{
	char text[CIDR_TEXT_MAX];

	buf_printf(b, "%s%s", before, cidr_format(cidr, text));
}

static void put_ip(struct buf *b, const char *before, const struct ovd_ip *ip)
{
	char text[IP_TEXT_MAX];

	if (ip->len)
		buf_printf(b, "%s%s", before, ip_format(ip, text));
}

static void put_tunnel(struct buf *b, const struct step_tunnel *t)
{
	buf_printf(b, "tunnel %s", t->link);
	put_ip(b, " ", &t->want.ip);
	buf_printf(b, "/%u port %u, %zu peers", t->want.prefix_len, t->want.listen_port,
		   t->n_peers);
	if (t->has_was) {
		put_ip(b, ", was ", &t->was.ip);
		buf_printf(b, "/%u port %u", t->was.prefix_len, t->was.listen_port);
	}
}

static void put_container(struct buf *b, const struct step *s)
{
	if (s->kind == STEP_VETH) {
		buf_printf(b, "veth %s on %s: %s", s->veth.host, s->veth.bridge, s->veth.guest);
		put_ip(b, " ", &s->veth.ip);
		buf_printf(b, "/%u", s->veth.prefix_len);
		put_ip(b, " via ", &s->veth.gateway);
	} else {
		buf_printf(b, "join %s: %s", s->join.host, s->join.guest);
		put_ip(b, " ", &s->join.ip);
		put_ip(b, ", node ", &s->join.node_ip);
		put_cidr(b, ", block ", &s->join.block);
	}
}

static void put_bridge(struct buf *b, const struct step_bridge *bridge)
{
	buf_printf(b, "bridge %s", bridge->link);
	put_ip(b, " ", &bridge->gateway);
	buf_printf(b, "/%u", bridge->prefix_len);
	for (size_t i = 0; i < bridge->n_more; i++) {
		put_ip(b, " and ", &bridge->more[i].ip);
		buf_printf(b, "/%u", bridge->more[i].prefix_len);
	}
	if (bridge->grows)
		buf_text(b, ", grows");
	put_ip(b, ", was ", &bridge->was);
}

static void put_route(struct buf *b, const char *before, const struct step_route *route)
{
	put_cidr(b, before, &route->cidr);
	buf_printf(b, " by %s", route->link);
	put_ip(b, " from ", &route->source);
	if (route->optional)
		buf_text(b, " if possible");
}

static void put_alias(struct buf *b, const struct step *s)
{
	bool goes = s->kind == STEP_ALIAS_DELETE || s->kind == STEP_PROXY_DELETE,
	     alias = s->kind == STEP_ALIAS || s->kind == STEP_ALIAS_DELETE;

	buf_printf(b, "%s%s", goes ? "no " : "", alias ? "alias" : "proxy");
	put_ip(b, " ", &s->alias.ip);
	buf_printf(b, " on %s", s->alias.link);
}

/* Of steps that say nothing else. */
static const char *word_of(enum step_kind kind)
{
	if (kind == STEP_UPLINK)
		return "uplink";
	if (kind == STEP_SETTINGS_BACK)
		return "settings back";
	if (kind == STEP_GONE)
		return "gone";
	return kind == STEP_FIREWALL ? "firewall" : "no firewall";
}

static void put_step(struct buf *b, const struct step *s)
{
	switch (s->kind) {
	case STEP_FIREWALL:
	case STEP_FIREWALL_DELETE:
	case STEP_UPLINK:
	case STEP_SETTINGS_BACK:
	case STEP_GONE:
		buf_text(b, word_of(s->kind));
		break;
	case STEP_CLEAR:
		buf_printf(b, "clear %s", s->clear.mark);
		break;
	case STEP_PREFIX:
		put_cidr(b, "prefix ", &s->prefix.cidr);
		break;
	case STEP_PREFIX_DELETE:
		put_cidr(b, "no prefix ", &s->prefix.cidr);
		break;
	case STEP_TUNNEL:
		put_tunnel(b, &s->tunnel);
		break;
	case STEP_TUNNEL_DELETE:
		buf_printf(b, "no tunnel %s", s->tunnel_delete.link);
		break;
	case STEP_BRIDGE:
		put_bridge(b, &s->bridge);
		break;
	case STEP_BRIDGE_DELETE:
		buf_printf(b, "no bridge %s%s", s->bridge_delete.link,
			   s->bridge_delete.idle_only ? " if idle" : "");
		break;
	case STEP_VETH:
	case STEP_JOIN:
		put_container(b, s);
		break;
	case STEP_CUT:
		buf_printf(b, "cut %s %s", s->cut.host[0], s->cut.host[1]);
		break;
	case STEP_ROUTE:
		put_route(b, "route ", &s->route);
		break;
	case STEP_ROUTE_DELETE:
		put_route(b, "no route ", &s->route);
		break;
	case STEP_ALIAS:
	case STEP_ALIAS_DELETE:
	case STEP_PROXY:
	case STEP_PROXY_DELETE:
		put_alias(b, s);
		break;
	case STEP_REMEMBER:
	case STEP_FORGET:
	case STEP_BRIDGE_LIST:
	case STEP_MAX_:
		buf_text(b, "?");
		break;
	}
	buf_text(b, "\n");
}

static bool is_record(const struct step *s)
{
	return s->kind == STEP_REMEMBER || s->kind == STEP_FORGET;
}

/* With its NUL. */
static const char *whole_text(struct node *n)
{
	CHECK_INT(buf_append(&n->text, "", 1), 0);
	return n->text.p;
}

struct step *node_step(struct node *n, size_t i)
{
	for (size_t k = 0; k < n->plan.n; k++)
		if (!is_record(plan_at(&n->plan, k)) && i-- == 0)
			return plan_at(&n->plan, k);
	CHECK(!"so many steps");
	return NULL;
}

const char *node_plan(struct node *n)
{
	n->text.n = 0;
	for (size_t i = 0; i < n->plan.n; i++)
		if (!is_record(plan_at(&n->plan, i)))
			put_step(&n->text, plan_at(&n->plan, i));
	return whole_text(n);
}

static void put_peer(struct buf *b, const struct tunnel_peer *peer)
{
	char text[ENDPOINT_TEXT_MAX];

	buf_printf(b, "peer %u", peer->key.b[0]);
	if (peer->remove)
		buf_text(b, " goes");
	if (peer->has_endpoint)
		buf_printf(b, " at %s", endpoint_format(&peer->endpoint, text));
	if (peer->has_keepalive)
		buf_printf(b, " keepalive %u", peer->keepalive);
	for (size_t i = 0; i < peer->n_allowed; i++)
		put_cidr(b, " +", &peer->allowed[i]);
	for (size_t i = 0; i < peer->n_removed; i++)
		put_cidr(b, " -", &peer->removed[i]);
	buf_text(b, "\n");
}

const char *node_change(struct node *n)
{
	n->text.n = 0;
	for (size_t i = 0; i < n->change.n_peers; i++)
		put_peer(&n->text, &n->change.peers[i]);
	return whole_text(n);
}

int node_dedicate(struct node *n, const char *name)
{
	static const struct ovd_key private_key = { { 7 } }, public_key = { { 8 } };

	plan_done(&n->plan);
	n->intent = NULL;
	return engine_service_setup_dedicated(n->e, view(name), &private_key, &public_key, &n->plan,
					      &n->intent);
}

void node_has_dedicated(struct node *n, const char *name)
{
	CHECK_INT(node_dedicate(n, name), 0);
	node_commit(n);
}

uint16_t node_port_of(struct node *n, const char *name)
{
	struct dedicated_view seen;

	CHECK(engine_dedicated(n->e, view(name), &seen));
	return seen.port;
}
