#include "server/linux/uplink_watch.h"

#include <errno.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include "runtime/util.h"

#define READ_MAX  32768 /* the kernel tells one change at a time */
#define READS_MAX 64

int uplink_watch_open(void)
{
	const struct sockaddr_nl groups = { .nl_family = AF_NETLINK,
					    .nl_groups = RTMGRP_IPV4_ROUTE | RTMGRP_IPV6_ROUTE };
	_cleanup_(fd_closep) int fd =
		socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE);
	int r;

	if (fd < 0 || bind(fd, (const struct sockaddr *)&groups, sizeof(groups)) < 0)
		return -errno;
	r = fd;
	fd = -1;
	return r;
}

static bool has_default_route(const struct nlmsghdr *head, size_t n)
{
	for (; NLMSG_OK(head, n); head = NLMSG_NEXT(head, n)) {
		const struct rtmsg *info = NLMSG_DATA(head);

		if ((head->nlmsg_type == RTM_NEWROUTE || head->nlmsg_type == RTM_DELROUTE) &&
		    info->rtm_dst_len == 0)
			return true;
	}
	return false;
}

bool uplink_watch_read(int fd)
{
	char bytes[READ_MAX] __attribute__((aligned(NLMSG_ALIGNTO)));
	bool found = false;

	for (int i = 0; i < READS_MAX; i++) {
		ssize_t n = recv(fd, bytes, sizeof(bytes), 0);

		if (n >= 0)
			found |= has_default_route((const void *)bytes, (size_t)n);
		else if (errno == ENOBUFS) /* more happened than was heard */
			found = true;
		else if (errno != EINTR)
			break;
	}
	return found;
}
