/* Addresses that the host has, or answers for, beside those of its links. */
#include <errno.h>
#include <linux/neighbour.h>

#include "server/linux/address.h"
#include "server/linux/link.h"
#include "server/linux/platform.h"
#include "server/linux/sysctl.h"

int alias_add(void *platform, struct step *step, char *detail)
{
	struct linux_net *l = platform;
	struct step_alias *alias = &step->alias;
	int index = link_index(alias->link), r;
	struct rtnl_batch b = { .n = 0 };

	alias->made = false;
	if (index == 0)
		return -ENODEV;
	address_put(&b, index, &alias->ip, (uint8_t)ip_bits(&alias->ip));
	r = rtnl_send(l->rtnl, &b, detail);
	alias->made = r == 0;
	return r == -EEXIST ? 0 : r;
}

int alias_delete(void *platform, struct step *step, char *detail)
{
	struct linux_net *l = platform;
	struct step_alias *alias = &step->alias;
	struct rtnl_batch b = { .n = 0 };
	int index = link_index(alias->link), r;

	if (index == 0)
		return 0;
	address_put_delete(&b, index, &alias->ip);
	r = rtnl_send(l->rtnl, &b, detail);
	return r == -EADDRNOTAVAIL || r == -ENODEV ? 0 : r;
}

void alias_undo(void *platform, struct step *step)
{
	if (step->alias.made)
		alias_delete(platform, step, NULL);
}

static void put_proxy(struct rtnl_batch *b, uint16_t type, uint16_t flags, int index,
		      const struct ovd_ip *ip)
{
	const struct ndmsg info = { .ndm_family = rtnl_family(ip),
				    .ndm_ifindex = index,
				    .ndm_state = NUD_PERMANENT,
				    .ndm_flags = NTF_PROXY };

	rtnl_begin(b, type, flags, &info, sizeof(info));
	rtnl_put_ip(b, NDA_DST, ip);
}

/* Without it who is on the bridge would look for the address there. */
int proxy_add(void *platform, struct step *step, char *detail)
{
	struct linux_net *l = platform;
	struct step_alias *alias = &step->alias;
	int index = link_index(alias->link), r;
	struct rtnl_batch b = { .n = 0 };

	alias->made = false;
	if (index == 0)
		return -ENODEV;
	put_proxy(&b, RTM_NEWNEIGH, NLM_F_CREATE | NLM_F_REPLACE, index, &alias->ip);
	r = rtnl_send(l->rtnl, &b, detail);
	if (r == 0 && alias->ip.len == 16)
		r = sysctl_proxy_ip6(alias->link);
	alias->made = r == 0;
	return r;
}

int proxy_delete(void *platform, struct step *step, char *detail)
{
	struct linux_net *l = platform;
	struct step_alias *alias = &step->alias;
	struct rtnl_batch b = { .n = 0 };
	int index = link_index(alias->link), r;

	if (index == 0)
		return 0;
	put_proxy(&b, RTM_DELNEIGH, 0, index, &alias->ip);
	r = rtnl_send(l->rtnl, &b, detail);
	return r == -ENOENT || r == -ENODEV ? 0 : r;
}

void proxy_undo(void *platform, struct step *step)
{
	if (step->alias.made)
		proxy_delete(platform, step, NULL);
}
