#include "tests/server/linux/fake_wireguard.h"

#include <errno.h>
#include <linux/genetlink.h>
#include <linux/wireguard.h>
#include <netlink/attr.h>
#include <netlink/msg.h>
#include <string.h>

#include "server/linux/wg_netlink.h"
#include "tests/check.h"

static size_t find_prefix(const struct fake_wireguard *f, const struct ovd_cidr *cidr)
{
	size_t i = 0;

	while (i < f->n_prefixes && !cidr_eq(&f->prefixes[i].cidr, cidr))
		i++;
	return i;
}

const struct ovd_key *fake_wireguard_owner(const struct fake_wireguard *f,
					   const struct ovd_cidr *cidr)
{
	size_t i = find_prefix(f, cidr);

	return i < f->n_prefixes ? &f->prefixes[i].owner : NULL;
}

static size_t find_peer(const struct fake_wireguard *f, const struct ovd_key *key)
{
	size_t i = 0;

	while (i < f->n_peers && !key_eq(&f->peers[i], key))
		i++;
	return i;
}

static void forget_prefixes(struct fake_wireguard *f, const struct ovd_key *owner)
{
	for (size_t i = f->n_prefixes; i-- > 0;)
		if (key_eq(&f->prefixes[i].owner, owner))
			f->prefixes[i] = f->prefixes[--f->n_prefixes];
}

static void remove_peer(struct fake_wireguard *f, const struct ovd_key *key)
{
	size_t i = find_peer(f, key);

	if (i == f->n_peers)
		return;
	f->peers[i] = f->peers[--f->n_peers];
	forget_prefixes(f, key);
}

static struct ovd_cidr cidr_in(struct nlattr *const *a)
{
	struct ovd_cidr cidr = { .prefix_len = nla_get_u8(a[WGALLOWEDIP_A_CIDR_MASK]) };

	cidr.ip.len = (uint8_t)nla_len(a[WGALLOWEDIP_A_IPADDR]);
	CHECK(cidr.ip.len == 4 || cidr.ip.len == 16);
	memcpy(cidr.ip.b, nla_data(a[WGALLOWEDIP_A_IPADDR]), cidr.ip.len);
	return cidr;
}

static int set_prefix(struct fake_wireguard *f, const struct ovd_key *key, struct nlattr *nest)
{
	struct nlattr *a[WG_ALLOWED_IP_FLAGS + 1];
	struct ovd_cidr cidr;
	size_t i;

	CHECK_INT(nla_parse_nested(a, WG_ALLOWED_IP_FLAGS, nest, NULL), 0);
	if (a[WG_ALLOWED_IP_FLAGS] && !f->removes)
		return -EINVAL;
	cidr = cidr_in(a);
	i = find_prefix(f, &cidr);
	if (a[WG_ALLOWED_IP_FLAGS]) {
		CHECK_INT(nla_get_u32(a[WG_ALLOWED_IP_FLAGS]), WG_ALLOWED_IP_REMOVE);
		if (i < f->n_prefixes && key_eq(&f->prefixes[i].owner, key))
			f->prefixes[i] = f->prefixes[--f->n_prefixes];
		return 0;
	}
	CHECK(i < FAKE_PREFIXES_MAX);
	f->prefixes[i] = (struct fake_prefix){ .cidr = cidr, .owner = *key };
	f->n_prefixes += i == f->n_prefixes;
	return 0;
}

static int set_peer(struct fake_wireguard *f, struct nlattr *nest)
{
	struct nlattr *a[WGPEER_A_MAX + 1], *prefix;
	struct ovd_key key;
	uint32_t flags;
	int left, r = 0;

	CHECK_INT(nla_parse_nested(a, WGPEER_A_MAX, nest, NULL), 0);
	memcpy(key.b, nla_data(a[WGPEER_A_PUBLIC_KEY]), sizeof(key.b));
	flags = a[WGPEER_A_FLAGS] ? nla_get_u32(a[WGPEER_A_FLAGS]) : 0;
	if (flags & WGPEER_F_REMOVE_ME) {
		remove_peer(f, &key);
		return 0;
	}
	if (find_peer(f, &key) == f->n_peers) {
		CHECK(f->n_peers < FAKE_PEERS_MAX);
		f->peers[f->n_peers++] = key;
	}
	if (flags & WGPEER_F_REPLACE_ALLOWEDIPS)
		forget_prefixes(f, &key);
	if (a[WGPEER_A_ALLOWEDIPS])
		nla_for_each_nested(prefix, a[WGPEER_A_ALLOWEDIPS], left) if (r == 0) r =
			set_prefix(f, &key, prefix);
	return r;
}

int fake_wireguard_set(struct fake_wireguard *f, const struct nlmsghdr *message)
{
	struct nlattr *a[WGDEVICE_A_MAX + 1], *peer;
	int left, r = 0;

	CHECK_INT(nlmsg_parse((struct nlmsghdr *)message, GENL_HDRLEN, a, WGDEVICE_A_MAX, NULL), 0);
	if (a[WGDEVICE_A_PEERS])
		nla_for_each_nested(peer, a[WGDEVICE_A_PEERS], left) if (r == 0) r =
			set_peer(f, peer);
	return r;
}
