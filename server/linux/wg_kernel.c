/* Devices of the kernel's own WireGuard. */
#include <errno.h>
#include <linux/genetlink.h>
#include <linux/if_link.h>
#include <linux/wireguard.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/utsname.h>

#include "runtime/util.h"
#include "server/linux/link.h"
#include "server/linux/wg_backend.h"
#include "server/linux/wg_kernel_channel.h"

static bool kernel_is(struct wg *wg _unused_, const char *link)
{
	_cleanup_(fd_closep) int fd = rtnl_open();
	struct link_info info;

	return fd >= 0 && link_get(fd, link, &info) == 0 && strcmp(info.kind, WG_GENL_NAME) == 0;
}

static int kernel_make(struct wg *wg _unused_, const char *link, const char *alias, bool *ret_made)
{
	const struct ifinfomsg any = { .ifi_family = AF_UNSPEC };
	_cleanup_(fd_closep) int fd = rtnl_open();
	struct rtnl_batch b = { .n = 0 };
	size_t info;
	int r;

	if (fd < 0)
		return fd;
	rtnl_begin(&b, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, &any, sizeof(any));
	rtnl_put_text(&b, IFLA_IFNAME, link);
	link_put_group(&b, alias);
	info = rtnl_nest(&b, IFLA_LINKINFO);
	rtnl_put_text(&b, IFLA_INFO_KIND, WG_GENL_NAME);
	rtnl_nest_end(&b, info);
	r = link_made(fd, link, alias, rtnl_send(fd, &b, NULL));
	*ret_made = r == 0;
	return r;
}

static int kernel_delete(struct wg *wg _unused_, const char *link)
{
	_cleanup_(fd_closep) int fd = rtnl_open();

	return fd < 0 ? fd : link_delete(fd, link);
}

static void take_family(void *arg, const struct nlmsghdr *answer)
{
	const char *end = (const char *)answer + answer->nlmsg_len;
	const struct rtattr *a = (const void *)((const char *)NLMSG_DATA(answer) + GENL_HDRLEN);
	uint16_t *family = arg;

	for (size_t n = (size_t)MAX(end - (const char *)a, 0); RTA_OK(a, n); a = RTA_NEXT(a, n))
		if (a->rta_type == CTRL_ATTR_FAMILY_ID && RTA_PAYLOAD(a) >= sizeof(*family))
			memcpy(family, RTA_DATA(a), sizeof(*family));
}

/* The kernel gives the family its number when the module comes in. */
static int find_family(int fd, uint16_t *ret)
{
	const struct genlmsghdr head = { .cmd = CTRL_CMD_GETFAMILY, .version = 1 };
	struct rtnl_batch b = { .n = 0 };
	uint16_t family = 0;
	int r;

	rtnl_begin(&b, GENL_ID_CTRL, 0, &head, sizeof(head));
	rtnl_put_text(&b, CTRL_ATTR_FAMILY_NAME, WG_GENL_NAME);
	r = rtnl_ask(fd, &b, take_family, NULL, &family);
	if (r == 0 && family == 0)
		r = -EOPNOTSUPP;
	if (r == 0)
		*ret = family;
	return r;
}

/* WG_ALLOWED_IP_REMOVE came with Linux 6.16. Nothing else tells: an older kernel calls it invalid,
 * half-way through a set. */
static bool removes_prefixes(void)
{
	struct utsname name;

	return uname(&name) == 0 && strverscmp(name.release, "6.16") >= 0;
}

static int kernel_open(struct wg *wg _unused_, const char *link, struct tunnel **ret)
{
	_cleanup_(fd_closep) int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_GENERIC);
	struct wg_device device = { .link = link, .removes = removes_prefixes() };
	int r = fd < 0 ? -errno : find_family(fd, &device.family);

	if (r == 0)
		r = wg_kernel_channel_new(fd, &device, ret);
	if (r == 0)
		fd = -1;
	return r;
}

const struct wg_backend wg_kernel = {
	.is = kernel_is,
	.make = kernel_make,
	.delete = kernel_delete,
	.open = kernel_open,
};
