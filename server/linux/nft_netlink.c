#include "server/linux/nft_netlink.h"

#include <errno.h>
#include <libnftnl/common.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <string.h>
#include <sys/socket.h>

#include "runtime/util.h"

int nft_socket_open(int flags, struct mnl_socket **ret)
{
	struct mnl_socket *socket = mnl_socket_open2(NETLINK_NETFILTER, SOCK_CLOEXEC | flags);
	int r;

	if (!socket)
		return -errno;
	if (mnl_socket_bind(socket, 0, MNL_SOCKET_AUTOPID) < 0) {
		r = -errno;
		mnl_socket_close(socket);
		return r;
	}
	*ret = socket;
	return 0;
}

void nft_change_begin(struct nft_change *change, uint16_t type, uint16_t flags, uint8_t family)
{
	struct nlmsghdr *begin = nftnl_batch_begin(change->bytes, 0);

	change->message = nftnl_nlmsg_build_hdr(change->bytes + NLMSG_ALIGN(begin->nlmsg_len), type,
						family, NLM_F_ACK | flags, 0);
}

/* The kernel has carried out and answered everything when send returns (nfnetlink_rcv_batch,
 * linux/net/netfilter/nfnetlink.c). The first answer tells: one that refuses the transaction as a
 * whole comes before what is said of its messages. */
static int first_answer(int fd)
{
	char bytes[1024] __attribute__((aligned(NLMSG_ALIGNTO)));
	const struct nlmsghdr *head = (const void *)bytes;
	const struct nlmsgerr *answer = NLMSG_DATA(head);
	ssize_t n = TEMP_FAILURE_RETRY(recv(fd, bytes, sizeof(bytes), MSG_DONTWAIT));
	char rest;
	int r;

	if (n < 0)
		return -errno;
	r = mnl_nlmsg_ok(head, (int)n) && head->nlmsg_type == NLMSG_ERROR ? answer->error : -EPROTO;
	while (recv(fd, &rest, sizeof(rest), MSG_DONTWAIT) >= 0)
		continue;
	return r;
}

int nft_change_commit(struct mnl_socket *socket, struct nft_change *change)
{
	char *behind = (char *)change->message + NLMSG_ALIGN(change->message->nlmsg_len);
	const struct nlmsghdr *end = nftnl_batch_end(behind, 0);
	size_t n = (size_t)(behind - change->bytes) + end->nlmsg_len;

	if (TEMP_FAILURE_RETRY(mnl_socket_sendto(socket, change->bytes, n)) < 0)
		return -errno;
	return first_answer(mnl_socket_get_fd(socket));
}

void nft_question_begin(struct rtnl_batch *b, uint16_t type, uint16_t flags, uint8_t family)
{
	const struct nfgenmsg general = { .nfgen_family = family, .version = NFNETLINK_V0 };

	rtnl_begin(b, (NFNL_SUBSYS_NFTABLES << 8) | type, flags, &general, sizeof(general));
}

const char *nft_text_of(const struct nlmsghdr *message, uint16_t type)
{
	const struct nlattr *a;

	mnl_attr_for_each(a, message,
			  sizeof(struct nfgenmsg)) if (mnl_attr_get_type(a) == type &&
						       mnl_attr_validate(a, MNL_TYPE_NUL_STRING) ==
							       0) return mnl_attr_get_str(a);
	return "";
}
