#include "server/linux/nft_element.h"

#include <errno.h>
#include <libnftnl/set.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <string.h>

#include "runtime/util.h"
#include "server/linux/nft_netlink.h"

static void set_freep(struct nftnl_set **set)
{
	if (*set)
		nftnl_set_free(*set);
}

static struct ovd_ip last_of(const struct ovd_cidr *network)
{
	struct ovd_ip ip = network->ip;

	for (unsigned bit = network->prefix_len; bit < ip_bits(&ip); bit++)
		ip.b[bit / 8] |= (uint8_t)(0x80 >> bit % 8);
	return ip;
}

/* The address behind the prefix; false if it is the last of the address space. */
static bool ip_behind(const struct ovd_cidr *network, struct ovd_ip *ret)
{
	const struct ovd_ip last = last_of(network), none = { .len = last.len };
	const struct ovd_ip behind = ip_add(&last, 1);

	if (ip_eq(&behind, &none))
		return false;
	*ret = behind;
	return true;
}

static const char *set_for(const struct ovd_ip *ip)
{
	return ip->len == 4 ? "prefixes4" : "prefixes6";
}

static int put_key(struct nftnl_set *set, const struct ovd_ip *ip, uint32_t flags)
{
	struct nftnl_set_elem *element = nftnl_set_elem_alloc();

	if (!element)
		return -ENOMEM;
	nftnl_set_elem_add(set, element);
	if (flags)
		nftnl_set_elem_set_u32(element, NFTNL_SET_ELEM_FLAGS, flags);
	return nftnl_set_elem_set(element, NFTNL_SET_ELEM_KEY, ip->b, ip->len) < 0 ? -ENOMEM : 0;
}

/* An interval is two elements: where it begins, and the first address that is no longer in it. */
static int put_interval(struct nftnl_set *set, const struct ovd_cidr *network)
{
	struct ovd_ip behind;
	int r = put_key(set, &network->ip, 0);

	if (r == 0 && ip_behind(network, &behind))
		r = put_key(set, &behind, NFT_SET_ELEM_INTERVAL_END);
	return r;
}

static int change_element(struct mnl_socket *socket, uint16_t type, uint16_t flags,
			  const struct ovd_cidr *network)
{
	_cleanup_(set_freep) struct nftnl_set *set = nftnl_set_alloc();
	struct nft_change change;
	int r;

	if (!set || nftnl_set_set_str(set, NFTNL_SET_TABLE, NFT_OUR_TABLE) < 0 ||
	    nftnl_set_set_str(set, NFTNL_SET_NAME, set_for(&network->ip)) < 0)
		return -ENOMEM;
	r = put_interval(set, network);
	if (r < 0)
		return r;
	nft_change_begin(&change, type, flags, NFPROTO_INET);
	nftnl_set_elems_nlmsg_build_payload(change.message, set);
	return nft_change_commit(socket, &change);
}

/* ---- what is there ---- */

struct look {
	const struct ovd_ip *key;
	bool same;
};

static int look_at_element(struct nftnl_set_elem *element, void *arg)
{
	struct look *look = arg;
	uint32_t n = 0;
	const void *key = nftnl_set_elem_get(element, NFTNL_SET_ELEM_KEY, &n);

	look->same = key && n == look->key->len && memcmp(key, look->key->b, n) == 0;
	return 0;
}

static void look_at_answer(void *arg, const struct nlmsghdr *answer)
{
	_cleanup_(set_freep) struct nftnl_set *set = nftnl_set_alloc();

	if (set && nftnl_set_elems_nlmsg_parse(answer, set) == 0)
		nftnl_set_elem_foreach(set, look_at_element, arg);
}

/* The address is in an interval that begins with this one. */
static bool leads_to(struct mnl_socket *socket, const struct ovd_ip *ip, const struct ovd_ip *begin)
{
	struct rtnl_batch b = { .n = 0 };
	struct look look = { .key = begin };
	size_t list, element, value;

	nft_question_begin(&b, NFT_MSG_GETSETELEM, 0, NFPROTO_INET);
	rtnl_put_text(&b, NFTA_SET_ELEM_LIST_TABLE, NFT_OUR_TABLE);
	rtnl_put_text(&b, NFTA_SET_ELEM_LIST_SET, set_for(ip));
	list = rtnl_nest(&b, NFTA_SET_ELEM_LIST_ELEMENTS);
	element = rtnl_nest(&b, NFTA_LIST_ELEM);
	value = rtnl_nest(&b, NFTA_SET_ELEM_KEY);
	rtnl_put_ip(&b, NFTA_DATA_VALUE, ip);
	rtnl_nest_end(&b, value);
	rtnl_nest_end(&b, element);
	rtnl_nest_end(&b, list);
	return rtnl_ask(mnl_socket_get_fd(socket), &b, look_at_answer, NULL, &look) == 0 &&
	       look.same;
}

/* Asked for an interval's end, the kernel finds none where the next one begins there. */
static bool is_there(struct mnl_socket *socket, const struct ovd_cidr *network)
{
	const struct ovd_ip last = last_of(network);
	struct ovd_ip behind;

	return leads_to(socket, &last, &network->ip) &&
	       !(ip_behind(network, &behind) && leads_to(socket, &behind, &network->ip));
}

/* Looked at first, as a transaction that fails waits for all readers of the rules. Without
 * NLM_F_EXCL the kernel would take an interval that has its end in common with a smaller one. */
int nft_element_add(struct mnl_socket *socket, const struct ovd_cidr *cidr, bool *ret_changed)
{
	const struct ovd_cidr network = cidr_network(&cidr->ip, cidr->prefix_len);
	bool known = is_there(socket, &network);
	int r = known ? 0
		      : change_element(socket, NFT_MSG_NEWSETELEM, NLM_F_CREATE | NLM_F_EXCL,
				       &network);

	if (r < 0 && !(rtnl_lost(r) && is_there(socket, &network)))
		return r;
	*ret_changed = !known;
	return 0;
}

int nft_element_delete(struct mnl_socket *socket, const struct ovd_cidr *cidr, bool *ret_changed)
{
	const struct ovd_cidr network = cidr_network(&cidr->ip, cidr->prefix_len);
	int r = change_element(socket, NFT_MSG_DELSETELEM, 0, &network);

	if (r < 0 && r != -ENOENT && !(rtnl_lost(r) && !is_there(socket, &network)))
		return r;
	*ret_changed = r != -ENOENT;
	return 0;
}
