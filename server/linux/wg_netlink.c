#include "server/linux/wg_netlink.h"

#include <errno.h>
#include <linux/genetlink.h>
#include <linux/wireguard.h>
#include <netinet/in.h>
#include <netlink/attr.h>
#include <netlink/msg.h>
#include <sodium.h>
#include <string.h>
#include <time.h>

#include "server/linux/rtnl.h"

/* What a peer without prefixes takes at most, and one prefix: attributes, their heads and those of
 * the nests around them. */
#define PEER_ROOM   128
#define PREFIX_ROOM 64

/* ---- writing ---- */

struct writer {
	struct buf *out;
	const struct wg_device *device;
	struct rtnl_batch b;         /* the message that is being built */
	size_t peers, peer, allowed; /* where the open nests begin; 0 for closed */
	int r;
};

static void begin_message(struct writer *w)
{
	const struct genlmsghdr head = { .cmd = WG_CMD_SET_DEVICE, .version = WG_GENL_VERSION };

	w->b.n = w->b.last = 0;
	w->b.count = 0;
	rtnl_begin(&w->b, w->device->family, NLM_F_ACK, &head, sizeof(head));
	rtnl_put_text(&w->b, WGDEVICE_A_IFNAME, w->device->link);
}

static void close_nest(struct writer *w, size_t *at)
{
	if (*at)
		rtnl_nest_end(&w->b, *at);
	*at = 0;
}

static void close_peer(struct writer *w)
{
	close_nest(w, &w->allowed);
	close_nest(w, &w->peer);
}

static void end_message(struct writer *w)
{
	close_peer(w);
	close_nest(w, &w->peers);
	if (w->r == 0)
		w->r = buf_append(w->out, w->b.bytes, w->b.n);
}

static void open_peer(struct writer *w, const struct ovd_key *key, uint32_t flags)
{
	close_peer(w);
	if (w->b.n + PEER_ROOM > sizeof(w->b.bytes)) {
		end_message(w);
		begin_message(w);
	}
	if (!w->peers)
		w->peers = rtnl_nest(&w->b, WGDEVICE_A_PEERS | NLA_F_NESTED);
	w->peer = rtnl_nest(&w->b, NLA_F_NESTED);
	rtnl_put(&w->b, WGPEER_A_PUBLIC_KEY, key->b, sizeof(key->b));
	if (flags)
		rtnl_put_u32(&w->b, WGPEER_A_FLAGS, flags);
}

static void put_prefix(struct writer *w, const struct ovd_key *key, const struct ovd_cidr *cidr,
		       uint32_t flags)
{
	const uint16_t family = rtnl_family(&cidr->ip);
	size_t nest;

	if (w->b.n + PREFIX_ROOM > sizeof(w->b.bytes)) {
		end_message(w);
		begin_message(w);
		open_peer(w, key, 0);
	}
	if (!w->allowed)
		w->allowed = rtnl_nest(&w->b, WGPEER_A_ALLOWEDIPS | NLA_F_NESTED);
	nest = rtnl_nest(&w->b, NLA_F_NESTED);
	rtnl_put(&w->b, WGALLOWEDIP_A_FAMILY, &family, sizeof(family));
	rtnl_put_ip(&w->b, WGALLOWEDIP_A_IPADDR, &cidr->ip);
	rtnl_put_u8(&w->b, WGALLOWEDIP_A_CIDR_MASK, cidr->prefix_len);
	if (flags)
		rtnl_put_u32(&w->b, WG_ALLOWED_IP_FLAGS, flags);
	rtnl_nest_end(&w->b, nest);
}

static void put_prefixes(struct writer *w, const struct ovd_key *key, const struct ovd_cidr *list,
			 size_t n, uint32_t flags)
{
	for (size_t i = 0; i < n; i++)
		put_prefix(w, key, &list[i], flags);
}

/* A peer that nobody can be takes the prefixes over and goes with them. */
static void put_taker(struct writer *w, const struct tunnel_peer *peer)
{
	struct ovd_key stranger;

	randombytes_buf(stranger.b, sizeof(stranger.b));
	open_peer(w, &stranger, 0);
	put_prefixes(w, &stranger, peer->removed, peer->n_removed, 0);
	open_peer(w, &stranger, WGPEER_F_REMOVE_ME);
}

static void put_endpoint(struct writer *w, const struct ovd_endpoint *endpoint)
{
	struct sockaddr_in in = { .sin_family = AF_INET, .sin_port = htons(endpoint->port) };
	struct sockaddr_in6 in6 = { .sin6_family = AF_INET6, .sin6_port = htons(endpoint->port) };

	if (endpoint->ip.len == 4) {
		memcpy(&in.sin_addr, endpoint->ip.b, sizeof(in.sin_addr));
		rtnl_put(&w->b, WGPEER_A_ENDPOINT, &in, sizeof(in));
	} else {
		memcpy(&in6.sin6_addr, endpoint->ip.b, sizeof(in6.sin6_addr));
		rtnl_put(&w->b, WGPEER_A_ENDPOINT, &in6, sizeof(in6));
	}
}

static void put_peer(struct writer *w, const struct tunnel_peer *peer)
{
	open_peer(w, &peer->key, peer->remove ? WGPEER_F_REMOVE_ME : 0);
	if (peer->remove)
		return;
	if (peer->has_endpoint)
		put_endpoint(w, &peer->endpoint);
	if (peer->has_keepalive)
		rtnl_put(&w->b, WGPEER_A_PERSISTENT_KEEPALIVE_INTERVAL, &peer->keepalive,
			 sizeof(peer->keepalive));
	put_prefixes(w, &peer->key, peer->allowed, peer->n_allowed, 0);
	if (w->device->removes)
		put_prefixes(w, &peer->key, peer->removed, peer->n_removed, WG_ALLOWED_IP_REMOVE);
	else if (peer->n_removed > 0)
		put_taker(w, peer);
}

int wg_netlink_put_set(struct buf *out, const struct wg_device *device,
		       const struct tunnel_change *change)
{
	struct writer w = { .out = out, .device = device };
	size_t had = out->n;

	begin_message(&w);
	if (change->has_private_key)
		rtnl_put(&w.b, WGDEVICE_A_PRIVATE_KEY, change->private_key.b,
			 sizeof(change->private_key.b));
	if (change->has_listen_port)
		rtnl_put(&w.b, WGDEVICE_A_LISTEN_PORT, &change->listen_port,
			 sizeof(change->listen_port));
	for (size_t i = 0; i < change->n_peers; i++)
		put_peer(&w, &change->peers[i]);
	end_message(&w);
	explicit_bzero(&w.b, sizeof(w.b));
	if (w.r < 0) {
		explicit_bzero(out->p + had, out->n - had);
		out->n = had;
	}
	return w.r;
}

int wg_netlink_put_get(struct buf *out, const struct wg_device *device)
{
	const struct genlmsghdr head = { .cmd = WG_CMD_GET_DEVICE, .version = WG_GENL_VERSION };
	struct rtnl_batch b = { .n = 0 };

	rtnl_begin(&b, device->family, NLM_F_DUMP, &head, sizeof(head));
	rtnl_put_text(&b, WGDEVICE_A_IFNAME, device->link);
	return buf_append(out, b.bytes, b.n);
}

/* ---- reading ---- */

static const struct nla_policy device_policy[WGDEVICE_A_MAX + 1] = {
	[WGDEVICE_A_PRIVATE_KEY] = { .minlen = WG_KEY_LEN },
	[WGDEVICE_A_LISTEN_PORT] = { .type = NLA_U16 },
	[WGDEVICE_A_PEERS] = { .type = NLA_NESTED },
};

static const struct nla_policy peer_policy[WGPEER_A_MAX + 1] = {
	[WGPEER_A_PUBLIC_KEY] = { .minlen = WG_KEY_LEN },
	[WGPEER_A_ENDPOINT] = { .minlen = sizeof(struct sockaddr_in) },
	[WGPEER_A_PERSISTENT_KEEPALIVE_INTERVAL] = { .type = NLA_U16 },
	[WGPEER_A_LAST_HANDSHAKE_TIME] = { .minlen = sizeof(struct timespec) },
	[WGPEER_A_RX_BYTES] = { .type = NLA_U64 },
	[WGPEER_A_TX_BYTES] = { .type = NLA_U64 },
	[WGPEER_A_ALLOWEDIPS] = { .type = NLA_NESTED },
};

static const struct nla_policy prefix_policy[WGALLOWEDIP_A_MAX + 1] = {
	[WGALLOWEDIP_A_FAMILY] = { .type = NLA_U16 },
	[WGALLOWEDIP_A_IPADDR] = { .minlen = 4 },
	[WGALLOWEDIP_A_CIDR_MASK] = { .type = NLA_U8 },
};

/* Port 0 is nowhere: the text form has no such endpoint either. */
static bool read_endpoint(const struct nlattr *a, struct ovd_endpoint *ret)
{
	const struct sockaddr *any = nla_data(a);
	const struct sockaddr_in *in = nla_data(a);
	const struct sockaddr_in6 *in6 = nla_data(a);

	if (any->sa_family == AF_INET) {
		*ret = (struct ovd_endpoint){ .ip = { .len = 4 }, .port = ntohs(in->sin_port) };
		memcpy(ret->ip.b, &in->sin_addr, 4);
	} else if (any->sa_family == AF_INET6 && nla_len(a) >= (int)sizeof(*in6)) {
		*ret = (struct ovd_endpoint){ .ip = { .len = 16 }, .port = ntohs(in6->sin6_port) };
		memcpy(ret->ip.b, &in6->sin6_addr, 16);
	} else {
		return false;
	}
	return ret->port > 0;
}

static int read_prefix(struct nlattr *nest, struct wg_dump *dump)
{
	struct nlattr *a[WGALLOWEDIP_A_MAX + 1], *ip;
	struct ovd_ip address = { .len = 0 };
	struct ovd_cidr cidr;
	uint8_t length;

	if (nla_parse_nested(a, WGALLOWEDIP_A_MAX, nest, prefix_policy) < 0)
		return -EBADMSG;
	ip = a[WGALLOWEDIP_A_IPADDR];
	if (!ip || !a[WGALLOWEDIP_A_CIDR_MASK] || (nla_len(ip) != 4 && nla_len(ip) != 16))
		return -EBADMSG;
	address.len = (uint8_t)nla_len(ip);
	length = nla_get_u8(a[WGALLOWEDIP_A_CIDR_MASK]);
	if (length > ip_bits(&address))
		return -EBADMSG;
	memcpy(address.b, nla_data(ip), address.len);
	cidr = cidr_network(&address, length);
	return wg_dump_allow(dump, &cidr);
}

static void read_facts(struct nlattr *const *a, struct tunnel_peer *peer)
{
	struct timespec when;

	if (a[WGPEER_A_ENDPOINT])
		peer->has_endpoint = read_endpoint(a[WGPEER_A_ENDPOINT], &peer->endpoint);
	if (a[WGPEER_A_PERSISTENT_KEEPALIVE_INTERVAL]) {
		peer->has_keepalive = true;
		peer->keepalive = nla_get_u16(a[WGPEER_A_PERSISTENT_KEEPALIVE_INTERVAL]);
	}
	if (a[WGPEER_A_LAST_HANDSHAKE_TIME]) {
		memcpy(&when, nla_data(a[WGPEER_A_LAST_HANDSHAKE_TIME]), sizeof(when));
		peer->last_handshake = when.tv_sec;
	}
	if (a[WGPEER_A_RX_BYTES])
		peer->rx_bytes = nla_get_u64(a[WGPEER_A_RX_BYTES]);
	if (a[WGPEER_A_TX_BYTES])
		peer->tx_bytes = nla_get_u64(a[WGPEER_A_TX_BYTES]);
}

static int read_peer(struct nlattr *nest, struct wg_dump *dump)
{
	struct nlattr *a[WGPEER_A_MAX + 1], *prefix;
	struct tunnel_peer *peer = wg_dump_last(dump);
	struct ovd_key key;
	int left, r = 0;

	if (nla_parse_nested(a, WGPEER_A_MAX, nest, peer_policy) < 0 || !a[WGPEER_A_PUBLIC_KEY])
		return -EBADMSG;
	memcpy(key.b, nla_data(a[WGPEER_A_PUBLIC_KEY]), sizeof(key.b));
	if (!peer || !key_eq(&peer->key, &key))
		peer = wg_dump_add(dump, &key);
	if (!peer)
		return -ENOMEM;
	read_facts(a, peer);
	if (a[WGPEER_A_ALLOWEDIPS])
		nla_for_each_nested(prefix, a[WGPEER_A_ALLOWEDIPS], left) if (r == 0) r =
			read_prefix(prefix, dump);
	return r;
}

int wg_netlink_read(const struct nlmsghdr *message, struct wg_dump *dump)
{
	struct nlattr *a[WGDEVICE_A_MAX + 1], *peer;
	int left, r = 0;

	if (nlmsg_parse((struct nlmsghdr *)message, GENL_HDRLEN, a, WGDEVICE_A_MAX, device_policy) <
	    0)
		return -EBADMSG;
	if (a[WGDEVICE_A_PRIVATE_KEY]) {
		dump->state.has_private_key = true;
		memcpy(dump->state.private_key.b, nla_data(a[WGDEVICE_A_PRIVATE_KEY]), WG_KEY_LEN);
	}
	if (a[WGDEVICE_A_LISTEN_PORT])
		dump->state.listen_port = nla_get_u16(a[WGDEVICE_A_LISTEN_PORT]);
	if (a[WGDEVICE_A_PEERS])
		nla_for_each_nested(peer, a[WGDEVICE_A_PEERS], left) if (r == 0) r =
			read_peer(peer, dump);
	return r;
}
