#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "runtime/util.h"
#include "server/linux/nft.h"

#define READ_MAX 65536

struct nft_watch {
	struct mnl_socket *socket;
};

int nft_watch_new(struct nft_watch **ret)
{
	struct nft_watch *watch = calloc(1, sizeof(*watch));
	int group = NFNLGRP_NFTABLES;

	if (!watch)
		return -ENOMEM;
	watch->socket = mnl_socket_open2(NETLINK_NETFILTER, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (!watch->socket || mnl_socket_bind(watch->socket, 0, MNL_SOCKET_AUTOPID) < 0 ||
	    mnl_socket_setsockopt(watch->socket, NETLINK_ADD_MEMBERSHIP, &group, sizeof(group)) <
		    0) {
		int r = -errno;

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

/* Chains come and change, rules go: that may concern ours. What is merely added beside them
 * doesn't. */
static bool concerns(const struct nlmsghdr *head)
{
	if (NFNL_SUBSYS_ID(head->nlmsg_type) != NFNL_SUBSYS_NFTABLES)
		return false;
	switch (NFNL_MSG_TYPE(head->nlmsg_type)) {
	case NFT_MSG_NEWCHAIN:
	case NFT_MSG_DELRULE:
	case NFT_MSG_DELCHAIN:
	case NFT_MSG_DELTABLE:
		return true;
	}
	return false;
}

bool nft_watch_read(struct nft_watch *watch)
{
	_cleanup_(freep) char *bytes = malloc(READ_MAX);
	bool found = false;
	ssize_t n;

	while (bytes && (n = mnl_socket_recvfrom(watch->socket, bytes, READ_MAX)) != 0) {
		int left = (int)n;

		if (n < 0 && errno == ENOBUFS) { /* more happened than was heard */
			found = true;
			continue;
		}
		if (n < 0)
			break;
		for (const struct nlmsghdr *head = (const void *)bytes; mnl_nlmsg_ok(head, left);
		     head = mnl_nlmsg_next(head, &left))
			found |= concerns(head);
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
