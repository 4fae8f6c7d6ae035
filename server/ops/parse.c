#include "server/ops/parse.h"

#include <ctype.h>
#include <errno.h>

#include "runtime/number.h"
#include "server/engine/name.h"

#define HOST_NAME_MAX_BYTES 253 /* RFC 1035 section 2.3.4, without the root's length byte */

static int refuse(struct call *call, const char *field, struct ovd_view text, const char *why)
{
	call_refuse(call, -EINVAL, field, "\"%.*s\" %s", VIEW(text), why);
	return -EINVAL;
}

int parse_cidr(struct call *call, const char *field, struct ovd_view text, struct ovd_cidr *ret)
{
	int r = cidr_parse(text, ret);

	if (r == -ERANGE)
		return refuse(call, field, text, "has a prefix length above its family's");
	return r < 0 ? refuse(call, field, text,
			      "is not a prefix like 10.200.0.0/16 or fd00:200::/48")
		     : 0;
}

int parse_key(struct call *call, const char *field, struct ovd_view text, struct ovd_key *ret)
{
	if (key_parse(text, ret) < 0)
		return refuse(call, field, text, "is not a key: 44 characters of base64");
	return 0;
}

static struct ovd_view trim(struct ovd_view text)
{
	while (text.n > 0 && isspace((unsigned char)text.p[0]))
		text.p++, text.n--;
	while (text.n > 0 && isspace((unsigned char)text.p[text.n - 1]))
		text.n--;
	return text;
}

/* Takes what is before the first comma off the text. */
static struct ovd_view next_item(struct ovd_view *text)
{
	const char *comma = memchr(text->p, ',', text->n);
	struct ovd_view item = { .p = text->p, .n = comma ? (size_t)(comma - text->p) : text->n };

	*text = comma ? (struct ovd_view){ .p = comma + 1, .n = text->n - item.n - 1 }
		      : (struct ovd_view){ .p = NULL, .n = 0 };
	return trim(item);
}

static size_t count_items(struct ovd_view text)
{
	size_t n = 1;

	for (size_t i = 0; i < text.n; i++)
		n += text.p[i] == ',';
	return n;
}

int parse_cidr_list(struct call *call, const char *field, struct ovd_view text,
		    const struct ovd_cidr **ret, size_t *ret_n)
{
	struct ovd_cidr *list = arena_alloc(call->arena, count_items(text) * sizeof(*list));
	struct ovd_view rest = trim(text);
	size_t n = 0;

	if (!list) {
		call_fail(call, -ENOMEM, "%s: no memory", field);
		return -ENOMEM;
	}
	while (rest.p && text.n > 0 && (n > 0 || rest.n > 0)) {
		int r = parse_cidr(call, field, next_item(&rest), &list[n]);

		if (r < 0)
			return r;
		n++;
	}
	*ret = list;
	*ret_n = n;
	return 0;
}

/* RFC 952 and 1123: letters, digits, hyphens and dots; the rest is the resolver's to judge. */
static bool is_host_name(struct ovd_view host)
{
	if (host.n == 0 || host.n > HOST_NAME_MAX_BYTES)
		return false;
	for (size_t i = 0; i < host.n; i++)
		if (!isalnum((unsigned char)host.p[i]) && !strchr("-._", host.p[i]))
			return false;
	return true;
}

int parse_endpoint(struct call *call, const char *field, struct ovd_view text,
		   struct ovd_endpoint *ret, struct ovd_view *ret_host)
{
	const char *colon = memrchr(text.p, ':', text.n);
	struct ovd_view host, port;
	struct ovd_ip ip;
	uint64_t number;

	if (endpoint_parse(text, ret) == 0) {
		*ret_host = (struct ovd_view){ .p = NULL, .n = 0 };
		return 0;
	}
	if (!colon)
		return refuse(call, field, text, "has no port: expected host:port");
	host = (struct ovd_view){ .p = text.p, .n = (size_t)(colon - text.p) };
	port = (struct ovd_view){ .p = colon + 1, .n = text.n - host.n - 1 };
	if (u64_parse(port, UINT16_MAX, &number) < 0 || number == 0)
		return refuse(call, field, text, "has no port from 1 to 65535");
	if (ip_parse(host, &ip) == 0)
		return refuse(call, field, text, "needs brackets around its IPv6 address");
	if (!is_host_name(host))
		return refuse(call, field, text,
			      "has no host: expected host:port, ip:port or [ipv6]:port");
	*ret_host = text;
	return 0;
}

/* ---- a peer ---- */

int parse_peer(struct call *call, const struct ovd_peer_spec *request, struct peer_spec *ret)
{
	*ret = (struct peer_spec){ .keepalive = (uint16_t)request->persistent_keepalive_secs };
	if (request->persistent_keepalive_secs > UINT16_MAX) {
		call_refuse(call, -ERANGE, "persistent_keepalive_secs", "%llu is above 65535",
			    (unsigned long long)request->persistent_keepalive_secs);
		return -ERANGE;
	}
	if (parse_key(call, "public_key", request->public_key, &ret->key) < 0 ||
	    parse_endpoint(call, "endpoint", request->endpoint, &ret->endpoint, &ret->host) < 0 ||
	    parse_cidr_list(call, "allowed_ips", request->allowed_ips, &ret->allowed,
			    &ret->n_allowed) < 0)
		return -EINVAL;
	ret->has_endpoint = !ret->host.p;
	return 0;
}

/* ---- a container ---- */

/* As the kernel has it, where a percent sign asks for a number; dev_valid_name(),
 * linux/net/core/dev.c; sysctl_dev_name_is_allowed(), linux/net/ipv4/devinet.c. */
static bool is_link_name(struct ovd_view name)
{
	static const struct ovd_view reserved[] = { VIEW_LITERAL("."), VIEW_LITERAL(".."),
						    VIEW_LITERAL("all"), VIEW_LITERAL("default") };

	for (size_t i = 0; i < ARRAY_SIZE(reserved); i++)
		if (view_eq(name, reserved[i]))
			return false;
	for (size_t i = 0; i < name.n; i++)
		if (!isgraph((unsigned char)name.p[i]) || strchr("/:%", name.p[i]))
			return false;
	return name.n > 0 && name.n < LINK_NAME_MAX;
}

static int parse_interface(struct call *call, struct ovd_view name, bool joins)
{
	if (!is_link_name(name))
		return refuse(call, "interface", name, "is no name of an interface");
	if (view_eq(name, VIEW_LITERAL("lo")) || (joins && view_eq(name, VIEW_LITERAL("eth1"))))
		return refuse(call, "interface", name, "is another interface's name");
	return 0;
}

static bool has_interface(const struct ovd_attach_handle *handle)
{
	return handle->kind == OVD_ATTACH_HANDLE_LINUX_PID ||
	       handle->kind == OVD_ATTACH_HANDLE_LINUX_NETNS ||
	       handle->kind == OVD_ATTACH_HANDLE_LINUX_FD;
}

static int parse_request_id(struct call *call, struct ovd_view id, uint64_t *ret)
{
	if (id.n == 0)
		return refuse(call, "request_id", id, "is empty");
	*ret = siphash13(id.p, id.n);
	*ret += *ret == 0; /* which stands for none */
	return 0;
}

int parse_attach(struct call *call, const struct ovd_attach_container *request,
		 struct attach_spec *ret)
{
	ret->service = request->service;
	ret->join_global = request->join_global;
	ret->ephemeral = request->ephemeral;
	ret->interface = request->interface;
	ret->has_mac = request->mac.p;
	if (request->has_ip)
		ret->ip = request->ip;
	if (request->mac.p && mac_parse(request->mac, ret->mac) < 0)
		return refuse(call, "mac", request->mac,
			      "is not a station's address like 02:00:5e:10:00:07");
	if (request->interface.p &&
	    parse_interface(call, request->interface, request->join_global) < 0)
		return -EINVAL;
	if (!has_interface(&request->handle) && (request->mac.p || request->interface.p)) {
		call_refuse(call, -EINVAL, request->mac.p ? "mac" : "interface",
			    "the handle has no interface of its own");
		return -EINVAL;
	}
	return request->request_id.p ? parse_request_id(call, request->request_id, &ret->request)
				     : 0;
}

struct ovd_view parse_scope(const struct ovd_peer_scope *scope)
{
	switch (scope->kind) {
	case OVD_PEER_SCOPE_GLOBAL:
		break;
	case OVD_PEER_SCOPE_SERVICE:
		return scope->service.service;
	}
	return NODES_TUNNEL;
}
