#include "server/linux/linux.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/util.h"
#include "server/engine/start.h"
#include "server/linux/egress.h"
#include "server/linux/link.h"
#include "server/linux/link_watch.h"
#include "server/linux/netns.h"
#include "server/linux/platform.h"
#include "server/linux/rtnl.h"
#include "server/linux/sysctl.h"

static int owner_open(void *platform, uint32_t pid, struct net_owner *ret)
{
	const struct linux_net *l = platform;

	return netns_owner_open(l->own, pid, ret);
}

static int netns_open(void *platform, const char *path, struct net_owner *ret)
{
	const struct linux_net *l = platform;

	return netns_path_open(l->own, path, ret);
}

static int fd_open(void *platform, int fd, struct net_owner *ret)
{
	const struct linux_net *l = platform;

	return netns_fd_open(l->own, fd, ret);
}

static bool has_link(void *platform _unused_, const char *name)
{
	return link_index(name) > 0 || errno != ENODEV;
}

static int tunnel_open(void *platform, const char *link, struct tunnel **ret)
{
	struct linux_net *l = platform;

	return wg_open(l->wg, link, ret);
}

static int watch_fd(void *platform)
{
	const struct linux_net *l = platform;

	return host_watch_fd(l->watch);
}

static bool watch_read(void *platform)
{
	struct linux_net *l = platform;

	return host_watch_read(l->watch);
}

static int links_fd(void *platform)
{
	const struct linux_net *l = platform;

	return l->links;
}

static void links_read(void *platform, void (*gone)(void *arg, struct ovd_view link), void *arg)
{
	const struct linux_net *l = platform;

	link_watch_read(l->links, gone, arg);
}

uint32_t platform_mtu(struct linux_net *l)
{
	struct egress egress = egress_find(l->rtnl);

	l->mtu = egress_tunnel_mtu(&egress);
	return l->mtu;
}

int platform_forward(struct linux_net *l, const char *link)
{
	struct egress egress = egress_find(l->rtnl);
	int r = sysctl_forward(l->net.store, link);

	return r == 0 ? egress_forward(l->net.store, &egress) : r;
}

static int open_sockets(struct linux_net *l)
{
	l->own = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	if (l->own < 0)
		return -errno;
	l->rtnl = rtnl_open();
	if (l->rtnl < 0)
		return l->rtnl;
	l->links = link_watch_open();
	if (l->links < 0)
		return l->links;
	return reaper_start(l->log, &l->reaper);
}

static int open_parts(struct linux_net *l, const struct linux_options *options)
{
	int r = wg_new(l->control_dir, options->log, &l->wg);

	if (r < 0)
		return r;
	if (!rtnl_may_change(l->rtnl)) {
		log_at(options->log, LOG_WARN,
		       "may not change this network: only questions are answered; start it as "
		       "root, or with CAP_NET_ADMIN and CAP_SYS_ADMIN");
		return host_watch_new(NULL, &l->watch);
	}
	r = options->firewall ? nft_new(&l->nft) : 0;
	if (r < 0)
		log_at(options->log, LOG_WARN, "no firewall: %s", strerror(-r));
	return host_watch_new(l->nft, &l->watch);
}

int linux_net_new(const struct linux_options *options, struct net **ret)
{
	struct linux_net *l = calloc(1, sizeof(*l));
	int r;

	if (!l)
		return -ENOMEM;
	l->net = (struct net){
		.platform = l,
		.steps = linux_steps,
		.owner_open = owner_open,
		.netns_open = netns_open,
		.fd_open = fd_open,
		.has_link = has_link,
		.tunnel_open = tunnel_open,
		.survey = survey_links,
		.read_containers = read_containers,
		.read_links = read_links,
		.read_tunnel = read_tunnel,
		.links_fd = links_fd,
		.links_read = links_read,
		.watch_fd = watch_fd,
		.watch_read = watch_read,
	};
	l->log = options->log;
	l->own = l->rtnl = l->links = -1;
	l->next_index = randombytes_random(); /* an earlier daemon's links have numbers too */
	l->control_dir = strdup(options->control_dir);
	r = l->control_dir ? open_sockets(l) : -ENOMEM;
	if (r == 0)
		r = open_parts(l, options);
	if (r < 0) {
		linux_net_free(&l->net);
		return r;
	}
	*ret = &l->net;
	return 0;
}

void linux_net_free(struct net *net)
{
	struct linux_net *l;

	if (!net)
		return;
	l = net->platform;
	reaper_stop(l->reaper);
	host_watch_free(l->watch);
	nft_free(l->nft);
	wg_free(l->wg);
	fd_closep(&l->links);
	fd_closep(&l->rtnl);
	fd_closep(&l->own);
	free(l->control_dir);
	free(l);
}
