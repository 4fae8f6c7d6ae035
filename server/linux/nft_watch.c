#include <errno.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "server/linux/foreign_chain.h"
#include "server/linux/nft.h"
#include "server/linux/nft_netlink.h"

#define READ_MAX  65536
#define READS_MAX 64

struct nft_watch {
	const struct nft *nft;
	struct mnl_socket *socket;
	char bytes[READ_MAX] __attribute__((aligned(NLMSG_ALIGNTO)));
};

int nft_watch_new(const struct nft *nft, struct nft_watch **ret)
{
	struct nft_watch *watch = calloc(1, sizeof(*watch));
	int group = NFNLGRP_NFTABLES, r;

	if (!watch)
		return -ENOMEM;
	watch->nft = nft;
	r = nft_socket_open(SOCK_NONBLOCK, &watch->socket);
	if (r == 0 &&
	    mnl_socket_setsockopt(watch->socket, NETLINK_ADD_MEMBERSHIP, &group, sizeof(group)) < 0)
		r = -errno;
	if (r < 0) {
		nft_watch_free(watch);
		return r;
	}
	*ret = watch;
	return 0;
}

int nft_watch_fd(const struct nft_watch *watch)
{
	return mnl_socket_get_fd(watch->socket);
}

/* The table has the same attribute, 1, in messages of every kind. */
static bool is_in_our_table(const struct nlmsghdr *head)
{
	const struct nfgenmsg *general = NLMSG_DATA(head);

	return general->nfgen_family == NFPROTO_INET &&
	       strcmp(nft_text_of(head, NFTA_RULE_TABLE), NFT_OUR_TABLE) == 0;
}

static bool is_in_foreign_chain(const struct nlmsghdr *head, uint16_t chain)
{
	const struct nfgenmsg *general = NLMSG_DATA(head);

	return (general->nfgen_family == NFPROTO_IPV4 || general->nfgen_family == NFPROTO_IPV6) &&
	       strcmp(nft_text_of(head, NFTA_RULE_TABLE), FOREIGN_TABLE) == 0 &&
	       strcmp(nft_text_of(head, chain), FOREIGN_CHAIN) == 0;
}

/* What comes beside our elements is no concern of ours; what comes between our rules is. */
static bool concerns(const struct nlmsghdr *head)
{
	switch (NFNL_MSG_TYPE(head->nlmsg_type)) {
	case NFT_MSG_NEWCHAIN:
		return is_in_foreign_chain(head, NFTA_CHAIN_NAME);
	case NFT_MSG_DELRULE:
		return is_in_our_table(head) || is_in_foreign_chain(head, NFTA_RULE_CHAIN);
	case NFT_MSG_NEWRULE:
	case NFT_MSG_DELCHAIN:
	case NFT_MSG_DELSET:
	case NFT_MSG_DELSETELEM:
	case NFT_MSG_DELTABLE:
		return is_in_our_table(head);
	}
	return false;
}

static bool look_at(const struct nft_watch *watch, int n)
{
	bool found = false;

	for (const struct nlmsghdr *head = (const void *)watch->bytes; mnl_nlmsg_ok(head, n);
	     head = mnl_nlmsg_next(head, &n))
		if (NFNL_SUBSYS_ID(head->nlmsg_type) == NFNL_SUBSYS_NFTABLES &&
		    mnl_nlmsg_get_payload_len(head) >= sizeof(struct nfgenmsg) &&
		    !nft_is_port(watch->nft, head->nlmsg_pid))
			found |= concerns(head);
	return found;
}

bool nft_watch_read(struct nft_watch *watch)
{
	bool found = false;

	for (int i = 0; i < READS_MAX; i++) {
		ssize_t n = mnl_socket_recvfrom(watch->socket, watch->bytes, READ_MAX);

		if (n >= 0)
			found |= look_at(watch, (int)n);
		else if (errno == ENOBUFS || errno == ENOSPC) /* more happened than was heard */
			found = true;
		else if (errno != EINTR)
			break;
	}
	return found;
}

void nft_watch_free(struct nft_watch *watch)
{
	if (!watch)
		return;
	if (watch->socket)
		mnl_socket_close(watch->socket);
	free(watch);
}
