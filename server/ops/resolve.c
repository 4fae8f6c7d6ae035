#include "server/ops/resolve.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/number.h"
#include "runtime/tree.h"
#include "server/ops/channel.h"

/* One name that a peer wants; ends when the tunnel knows its address, when nobody wants it any
 * more, or with the daemon. */
struct lookup {
	struct daemon *daemon;
	struct tree_node node; /* by key and service; not any more once it is ending */
	struct ovd_key key;
	char service[SERVICE_TEXT_MAX]; /* whose tunnel's peer */
	char *endpoint;                 /* host:port */
	uint16_t port;
	struct intent *intent;
	struct channel_wait wait;
	uv_getaddrinfo_t request;
	uv_timer_t retry;
	bool asking;  /* the resolver has it */
	bool telling; /* the tunnel has it */
	bool ending;
};

static int compare(const struct tree_node *a, const struct tree_node *b)
{
	const struct lookup *one = CONTAINER_OF(a, struct lookup, node),
			    *other = CONTAINER_OF(b, struct lookup, node);
	int r = memcmp(one->key.b, other->key.b, sizeof(struct ovd_key));

	return r ? r : strcmp(one->service, other->service);
}

static struct lookup *lookup_find(const struct daemon *d, struct ovd_view service,
				  const struct ovd_key *key)
{
	struct lookup wanted = { .key = *key };
	struct tree_node *found;

	tunnel_name(service, wanted.service);
	found = tree_find(d->lookups, &wanted.node, compare);
	return found ? CONTAINER_OF(found, struct lookup, node) : NULL;
}

static void lookup_free(uv_handle_t *handle)
{
	struct lookup *l = handle->data;

	free(l->endpoint);
	free(l);
}

static void lookup_close(struct lookup *l)
{
	uv_close((uv_handle_t *)&l->retry, lookup_free);
}

static void lookup_end(struct lookup *l)
{
	tree_delete(&l->daemon->lookups, &l->node, compare);
	l->ending = true;
	if (l->asking)
		uv_cancel((uv_req_t *)&l->request);
	else if (!l->telling)
		lookup_close(l);
}

static void lookup_ask(uv_timer_t *timer);

static void ask_later(struct lookup *l, unsigned seconds)
{
	uv_timer_start(&l->retry, lookup_ask, seconds * 1000u, 0);
}

static void endpoint_told(void *arg, int r, const struct tunnel_state *state _unused_)
{
	struct lookup *l = arg;
	struct daemon *d = l->daemon;

	l->telling = false;
	if (channel_is_unsure(r))
		engine_peer_doubt(d->engine, l->intent);
	if (r < 0)
		engine_drop(d->engine, l->intent);
	else
		engine_commit(d->engine, l->intent);
	if (l->ending)
		lookup_close(l);
	else if (r < 0)
		ask_later(l, RESOLVE_RETRY_SECONDS);
	else
		lookup_end(l);
	d->settled(d);
}

static void tell_tunnel(struct lookup *l, const struct ovd_endpoint *endpoint)
{
	struct daemon *d = l->daemon;
	struct tunnel_change change;
	int r = engine_peer_resolved(d->engine, service_tunnel(l->service), &l->key,
				     view(l->endpoint), endpoint, &change, &l->intent);

	if (r == -EINPROGRESS) {
		ask_later(l, 1);
		return;
	}
	if (r < 0) {
		lookup_end(l);
		return;
	}
	l->telling = true;
	r = change.n_peers > 0 ? channel_set(d, service_tunnel(l->service), &change, &l->wait,
					     endpoint_told, l)
			       : 0;
	if (r < 0 || change.n_peers == 0)
		endpoint_told(l, r, NULL);
}

static bool endpoint_of(const struct addrinfo *info, uint16_t port, struct ovd_endpoint *ret)
{
	*ret = (struct ovd_endpoint){ .port = port };
	if (info->ai_family == AF_INET) {
		ret->ip.len = 4;
		memcpy(ret->ip.b,
		       &((const struct sockaddr_in *)(const void *)info->ai_addr)->sin_addr, 4);
	} else if (info->ai_family == AF_INET6) {
		ret->ip.len = 16;
		memcpy(ret->ip.b,
		       &((const struct sockaddr_in6 *)(const void *)info->ai_addr)->sin6_addr, 16);
	}
	return ret->ip.len > 0;
}

static void answered(uv_getaddrinfo_t *request, int status, struct addrinfo *info)
{
	struct lookup *l = request->data;
	struct ovd_endpoint endpoint;

	l->asking = false;
	if (l->ending) {
		lookup_close(l);
	} else if (status == 0 && info && endpoint_of(info, l->port, &endpoint)) {
		tell_tunnel(l, &endpoint);
	} else {
		log_at(l->daemon->log, LOG_WARN, "peer endpoint %s: %s; next try in %d s",
		       l->endpoint, uv_strerror(status), RESOLVE_RETRY_SECONDS);
		ask_later(l, RESOLVE_RETRY_SECONDS);
	}
	uv_freeaddrinfo(info);
}

static void lookup_ask(uv_timer_t *timer)
{
	const struct addrinfo hints = { .ai_family = AF_UNSPEC, .ai_socktype = SOCK_DGRAM };
	struct lookup *l = timer->data;
	_cleanup_(freep) char *host = NULL;

	if (!engine_peer_wants(l->daemon->engine, service_tunnel(l->service), &l->key,
			       view(l->endpoint))) {
		lookup_end(l);
		return;
	}
	host = strdup(l->endpoint);
	if (host)
		*strrchr(host, ':') = '\0';
	l->request.data = l;
	l->asking = host &&
		    uv_getaddrinfo(l->daemon->loop, &l->request, answered, host, NULL, &hints) == 0;
	if (!l->asking)
		ask_later(l, RESOLVE_RETRY_SECONDS);
}

/* To begin anew would never end where clients ask more often than the resolver answers. */
static bool is_under_way(const struct lookup *l, struct ovd_view endpoint)
{
	return l && view_eq(view(l->endpoint), endpoint) && (l->asking || l->telling);
}

void resolve_peer(struct daemon *d, struct ovd_view service, const struct ovd_key *key,
		  struct ovd_view endpoint)
{
	const char *colon = memrchr(endpoint.p, ':', endpoint.n);
	struct ovd_view port = { .p = colon + 1,
				 .n = (size_t)(endpoint.p + endpoint.n - colon - 1) };
	struct lookup *l, *was = lookup_find(d, service, key);
	uint64_t number = 0;

	if (is_under_way(was, endpoint))
		return;
	l = calloc(1, sizeof(*l));
	if (!l || !(l->endpoint = strndup(endpoint.p, endpoint.n))) {
		free(l);
		log_at(d->log, LOG_ERROR, "peer endpoint %.*s: no memory to look it up",
		       VIEW(endpoint));
		return;
	}
	if (was) /* not wanted any more, or looked up again */
		lookup_end(was);
	u64_parse(port, UINT16_MAX, &number);
	l->port = (uint16_t)number;
	l->key = *key;
	tunnel_name(service, l->service);
	l->daemon = d;
	tree_insert(&d->lookups, &l->node, compare);
	uv_timer_init(d->loop, &l->retry);
	l->retry.data = l;
	lookup_ask(&l->retry);
}

void resolve_stop(struct daemon *d)
{
	while (d->lookups)
		lookup_end(CONTAINER_OF(d->lookups, struct lookup, node));
}
