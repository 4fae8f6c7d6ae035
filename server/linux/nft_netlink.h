/* Nftables by netlink messages: nfnetlink (linux/netfilter/nfnetlink.h, nf_tables.h). Questions are
 * asked with rtnl_ask on the same socket. */
#pragma once

#include <libmnl/libmnl.h>
#include <stdint.h>

#include "server/linux/rtnl.h"

/* Ours alone, of the family inet. */
#define NFT_OUR_TABLE "overlayd"

/* One change; room for what this folder makes. */
struct nft_change {
	char bytes[1024] __attribute__((aligned(NLMSG_ALIGNTO)));
	struct nlmsghdr *message; /* inside bytes: attributes are put here */
};

/* A socket that has its port id already; negative errno. flags: SOCK_NONBLOCK or 0. The caller
 * closes it with mnl_socket_close. */
int nft_socket_open(int flags, struct mnl_socket **ret);

/* A message for a transaction, without attributes. type: NFT_MSG_*, family: NFPROTO_*. */
void nft_change_begin(struct nft_change *change, uint16_t type, uint16_t flags, uint8_t family);

/* Carries it out as a transaction of its own; the kernel's errno if it refused, and then nothing
 * has changed. */
int nft_change_commit(struct mnl_socket *socket, struct nft_change *change);

/* A question in an empty batch. */
void nft_question_begin(struct rtnl_batch *b, uint16_t type, uint16_t flags, uint8_t family);

/* A text attribute of an nftables message; "" where it has none. It lives as long as the message.
 */
const char *nft_text_of(const struct nlmsghdr *message, uint16_t type);
