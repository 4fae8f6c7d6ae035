#include "server/linux/link_watch.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/filter.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>

#include "runtime/util.h"

#define READ_MAX  32768 /* the kernel tells one change at a time */
#define READS_MAX 64

/* Nobody is woken for links that come or change. */
static int only_deletions(int fd)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_H | BPF_ABS, offsetof(struct nlmsghdr, nlmsg_type)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, htons(RTM_DELLINK), 0, 1),
		BPF_STMT(BPF_RET | BPF_K, UINT32_MAX),
		BPF_STMT(BPF_RET | BPF_K, 0),
	};
	const struct sock_fprog program = { .len = ARRAY_SIZE(code), .filter = code };

	return setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program)) < 0 ? -errno
											   : 0;
}

int link_watch_open(void)
{
	const struct sockaddr_nl groups = { .nl_family = AF_NETLINK, .nl_groups = RTMGRP_LINK };
	_cleanup_(fd_closep) int fd =
		socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE);
	int r = fd < 0 ? -errno : only_deletions(fd);

	if (r == 0 && bind(fd, (const struct sockaddr *)&groups, sizeof(groups)) < 0)
		r = -errno;
	if (r < 0)
		return r;
	r = fd;
	fd = -1;
	return r;
}

static void tell(const struct nlmsghdr *head, void (*gone)(void *arg, struct ovd_view link),
		 void *arg)
{
	const struct ifinfomsg *info = NLMSG_DATA(head);
	size_t n = IFLA_PAYLOAD(head);

	if (head->nlmsg_type != RTM_DELLINK || info->ifi_family != AF_UNSPEC)
		return;
	for (const struct rtattr *a = IFLA_RTA(info); RTA_OK(a, n); a = RTA_NEXT(a, n))
		if (a->rta_type == IFLA_IFNAME)
			gone(arg, (struct ovd_view){ .p = RTA_DATA(a),
						     .n = strnlen(RTA_DATA(a), RTA_PAYLOAD(a)) });
}

void link_watch_read(int fd, void (*gone)(void *arg, struct ovd_view link), void *arg)
{
	char bytes[READ_MAX] __attribute__((aligned(NLMSG_ALIGNTO)));

	for (int i = 0; i < READS_MAX; i++) {
		ssize_t n = recv(fd, bytes, sizeof(bytes), 0);
		const struct nlmsghdr *head = (const void *)bytes;

		if (n < 0 && errno == ENOBUFS)
			gone(arg, (struct ovd_view){ .p = NULL });
		else if (n < 0 && errno != EINTR)
			break;
		for (size_t left = (size_t)MAX(n, 0); NLMSG_OK(head, left);
		     head = NLMSG_NEXT(head, left))
			tell(head, gone, arg);
	}
}
