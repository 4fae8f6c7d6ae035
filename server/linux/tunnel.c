#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "runtime/util.h"
#include "server/linux/address.h"
#include "server/linux/link.h"
#include "server/linux/platform.h"
#include "server/linux/tunnel_difference.h"

/* That are told at a time: each takes wireguard-go 100 us. */
#define PART_PEERS 64

/* wireguard-go can't be told a group: as it makes a device, so it stays until we configure it. Who
 * asks has it in the store, from before it was made, that a device of this name is ours. */
static bool is_as_made(struct linux_net *l, const struct link_info *link)
{
	size_t n;

	return strcmp(link->kind, "tun") == 0 && !link->alias[0] && !link->up &&
	       address_count(l->rtnl, link->index, &n) == 0 && n == 0;
}

static int check_ours(struct linux_net *l, const char *name, const char *alias, char *detail)
{
	struct link_info link;
	int r = link_get(l->rtnl, name, &link);

	if (r < 0 || link_has_alias(&link, alias) || is_as_made(l, &link))
		return r;
	snprintf(detail, PLAN_DETAIL_MAX, "a %s that is not ours",
		 link.kind[0] ? link.kind : "link");
	return -EEXIST;
}

/* Its address, and those of processes that share it. */
static int put_addresses(struct linux_net *l, const struct step_tunnel *tunnel,
			 const struct tunnel_want *want, int index, char *detail)
{
	struct ovd_cidr list[ADDRESSES_WANT_MAX] = { { want->ip, want->prefix_len } };
	size_t n = MIN(tunnel->n_aliases, ARRAY_SIZE(list) - 1);

	for (size_t i = 0; i < n; i++)
		list[i + 1] = cidr_host(&tunnel->aliases[i]);
	return address_only(l->rtnl, index, list, n + 1, detail);
}

static const char *alias_of(const struct step_tunnel *tunnel, const struct tunnel_want *want)
{
	return want == &tunnel->was && tunnel->was_alias ? tunnel->was_alias : tunnel->alias;
}

static int configure_link(struct linux_net *l, struct step_tunnel *tunnel,
			  const struct tunnel_want *want, char *detail)
{
	const char *alias = alias_of(tunnel, want);
	struct rtnl_batch b = { .n = 0 };
	struct link_info link;
	int r = link_get(l->rtnl, tunnel->link, &link);

	if (r < 0) /* somebody took it away meanwhile, or it is in another namespace */
		return r;
	tunnel->mtu = platform_mtu(l);
	if (strcmp(link.alias, alias) != 0)
		link_put_quiet(&b, link.index, NULL, alias);
	link_put_mtu(&b, link.index, tunnel->mtu);
	link_put_up(&b, link.index, NULL);
	r = rtnl_send(l->rtnl, &b, detail);
	if (r == 0)
		r = put_addresses(l, tunnel, want, link.index, detail);
	return r == 0 ? platform_forward(l, tunnel->link) : r;
}

static bool is_bound(const struct sockaddr *address, socklen_t size)
{
	_cleanup_(fd_closep) int fd = socket(address->sa_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	const int only = 1;

	if (fd >= 0 && address->sa_family == AF_INET6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &only, sizeof(only));
	return fd >= 0 && bind(fd, address, size) < 0 && errno == EADDRINUSE;
}

/* A new wireguard-go comes up by itself, some time after it has its port, and tells nobody that it
 * could not bind that. */
static int check_port(uint16_t port)
{
	const struct sockaddr_in four = { .sin_family = AF_INET, .sin_port = htons(port) };
	const struct sockaddr_in6 six = { .sin6_family = AF_INET6, .sin6_port = htons(port) };

	return is_bound((const struct sockaddr *)&four, sizeof(four)) ||
			       is_bound((const struct sockaddr *)&six, sizeof(six))
		       ? -EADDRINUSE
		       : 0;
}

/* ---- what it is told ---- */

static void forget_lacks(struct step_tunnel *tunnel)
{
	if (tunnel->lacks)
		tunnel_difference_done(tunnel->lacks);
	free(tunnel->lacks);
	tunnel->lacks = NULL;
	tunnel->n_told = 0;
}

/* Of one that is there. One that was made lacks everything. */
static int find_lacks(struct linux_net *l, struct step_tunnel *tunnel, uint16_t *ret_port)
{
	struct tunnel_state is;
	int r = wg_get(l->wg, tunnel->link, &is);

	if (r < 0)
		return r;
	tunnel->lacks = calloc(1, sizeof(*tunnel->lacks));
	r = tunnel->lacks ? tunnel_difference(&is, tunnel->peers, tunnel->n_peers, tunnel->only,
					      time(NULL), tunnel->lacks)
			  : -ENOMEM;
	*ret_port = is.listen_port;
	tunnel_state_done(&is);
	return r;
}

static size_t n_untold(const struct step_tunnel *tunnel)
{
	return (tunnel->lacks ? tunnel->lacks->n : tunnel->n_peers) - tunnel->n_told;
}

static struct tunnel_change next_peers(struct step_tunnel *tunnel)
{
	const struct tunnel_peer *all = tunnel->lacks ? tunnel->lacks->peers : tunnel->peers;
	struct tunnel_change change = { .peers = all + tunnel->n_told,
					.n_peers = MIN(n_untold(tunnel), PART_PEERS) };

	tunnel->n_told += change.n_peers;
	return change;
}

static int tell_next(struct linux_net *l, struct step_tunnel *tunnel)
{
	const struct tunnel_change change = next_peers(tunnel);

	return wg_set(l->wg, tunnel->link, &change);
}

/* Its key and port, with the first peers. One that is there has `port`, and 0 means just that. */
static int tell_first(struct linux_net *l, struct step_tunnel *tunnel,
		      const struct tunnel_want *want, uint16_t port)
{
	struct tunnel_change change = next_peers(tunnel);
	int r;

	change.has_private_key = true;
	change.private_key = want->private_key;
	change.has_listen_port =
		tunnel->made || (want->listen_port != 0 && want->listen_port != port);
	change.listen_port = want->listen_port;
	r = wg_set(l->wg, tunnel->link, &change);
	explicit_bzero(&change.private_key, sizeof(change.private_key));
	return r;
}

static int configure(struct linux_net *l, struct step_tunnel *tunnel,
		     const struct tunnel_want *want, uint16_t port, char *detail)
{
	int r = tell_first(l, tunnel, want, port);

	return r == 0 ? configure_link(l, tunnel, want, detail) : r;
}

/* Asked for before the address is given: then nobody has it yet but us, in an earlier life. */
static int check_block(struct linux_net *l, const struct step_tunnel *tunnel, bool there,
		       char *detail)
{
	const struct tunnel_want *want = &tunnel->want, *was = &tunnel->was;

	if (there && tunnel->has_was && ip_eq(&want->ip, &was->ip) &&
	    cidr_eq(&want->block, &was->block))
		return 0;
	return address_none_in(l->rtnl, &want->block, tunnel->mark, detail);
}

static int begin(struct linux_net *l, struct step *step, char *detail)
{
	struct step_tunnel *tunnel = &step->tunnel;
	bool there = link_index(tunnel->link) != 0;
	uint16_t port = 0;
	int r = there ? check_ours(l, tunnel->link, tunnel->alias, detail) : 0;

	if (r == 0)
		r = check_block(l, tunnel, there, detail);
	if (r < 0)
		return r;
	r = wg_make(l->wg, tunnel->link, tunnel->alias, &tunnel->made);
	if (r == -ENOENT)
		snprintf(detail, PLAN_DETAIL_MAX,
			 "the kernel has no WireGuard, and there is no wireguard-go");
	if (r < 0)
		return r;
	r = tunnel->made ? check_port(tunnel->want.listen_port) : find_lacks(l, tunnel, &port);
	if (r < 0 && !tunnel->made) /* its process is just dying */
		return r;
	if (r == 0)
		r = configure(l, tunnel, &tunnel->want, port, detail);
	tunnel->port_taken = r == -EADDRINUSE;
	if (r == 0 && there && (tunnel->only || !tunnel->has_was)) /* a daemon that died left it */
		r = route_delete_unwanted(l, tunnel->link, tunnel->peers, tunnel->n_peers, detail);
	if (r < 0)
		tunnel_undo(l, step);
	return r;
}

static int go_on(struct linux_net *l, struct step *step)
{
	int r = tell_next(l, &step->tunnel);

	if (r < 0)
		tunnel_undo(l, step);
	return r;
}

int tunnel_create(void *platform, struct step *step, char *detail)
{
	struct step_tunnel *tunnel = &step->tunnel;
	int r = tunnel->n_told > 0 ? go_on(platform, step) : begin(platform, step, detail);

	if (r == 0 && n_untold(tunnel) > 0)
		return NET_MORE;
	forget_lacks(tunnel);
	return r;
}

static int put_back(struct linux_net *l, struct step_tunnel *tunnel, char *detail)
{
	uint16_t port;
	int r = find_lacks(l, tunnel, &port);

	if (r == 0)
		r = configure(l, tunnel, &tunnel->was, port, detail);
	while (r == 0 && n_untold(tunnel) > 0)
		r = tell_next(l, tunnel);
	return r;
}

static void try_put_back(struct linux_net *l, struct step_tunnel *tunnel)
{
	char detail[PLAN_DETAIL_MAX] = "";
	int r;

	forget_lacks(tunnel);
	r = put_back(l, tunnel, detail);
	forget_lacks(tunnel);
	if (r < 0)
		log_at(l->log, LOG_ERROR, "tunnel %s could not be put back: %s%s%s%s", tunnel->link,
		       strerror(-r), detail[0] ? " (" : "", detail, detail[0] ? ")" : "");
}

void tunnel_undo(void *platform, struct step *step)
{
	struct linux_net *l = platform;
	struct step_tunnel *tunnel = &step->tunnel;

	if (tunnel->made)
		wg_delete(l->wg, tunnel->link);
	else if (tunnel->has_was)
		try_put_back(l, tunnel);
}

int tunnel_delete(void *platform, struct step *step, char *detail)
{
	struct linux_net *l = platform;
	struct step_tunnel_delete *gone = &step->tunnel_delete;
	int r;

	if (!link_index(gone->link))
		return wg_delete(l->wg, gone->link);
	r = check_ours(l, gone->link, gone->alias, detail);
	if (r < 0)
		return r == -EEXIST ? -EPERM : r;
	return wg_delete(l->wg, gone->link);
}
