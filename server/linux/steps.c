#include <errno.h>
#include <stdio.h>

#include "runtime/util.h"
#include "server/linux/platform.h"
#include "server/linux/setting.h"

static int firewall_ensure(void *platform, struct step *step _unused_, char *detail)
{
	struct linux_net *l = platform;

	return l->nft ? nft_ensure(l->nft, detail) : 0;
}

static int firewall_delete(void *platform, struct step *step _unused_, char *detail)
{
	struct linux_net *l = platform;

	return l->nft ? nft_remove(l->nft, detail) : 0;
}

/* Somebody may have taken the table away since the step before: they flush all rules now and then.
 */
static int prefix_add(void *platform, struct step *step, char *detail)
{
	struct linux_net *l = platform;
	int r = l->nft ? nft_prefix_add(l->nft, &step->prefix.cidr, &step->prefix.changed) : 0;

	if (r == -ENOENT && nft_ensure(l->nft, detail) == 0)
		r = nft_prefix_add(l->nft, &step->prefix.cidr, &step->prefix.changed);
	if (r == -EEXIST)
		snprintf(detail, PLAN_DETAIL_MAX, "it overlaps with another prefix of ours");
	return r;
}

static int prefix_delete(void *platform, struct step *step, char *detail _unused_)
{
	struct linux_net *l = platform;

	return l->nft ? nft_prefix_delete(l->nft, &step->prefix.cidr, &step->prefix.changed) : 0;
}

static void prefix_add_undo(void *platform, struct step *step)
{
	if (step->prefix.changed)
		prefix_delete(platform, step, NULL);
}

static void prefix_delete_undo(void *platform, struct step *step)
{
	char detail[PLAN_DETAIL_MAX];

	if (step->prefix.changed)
		prefix_add(platform, step, detail);
}

static int settings_back(void *platform, struct step *step _unused_, char *detail)
{
	struct linux_net *l = platform;

	return l->net.store ? settings_restore(l->net.store, detail) : 0;
}

static int gone(void *platform, struct step *step _unused_, char *detail _unused_)
{
	struct linux_net *l = platform;

	return reaper_finish(l->reaper);
}

const struct net_step linux_steps[STEP_MAX_] = {
	[STEP_FIREWALL] = { "set up the firewall", firewall_ensure, NULL },
	[STEP_PREFIX] = { "allow prefix", prefix_add, prefix_add_undo },
	[STEP_PREFIX_DELETE] = { "disallow prefix", prefix_delete, prefix_delete_undo },
	[STEP_TUNNEL] = { "set up tunnel", tunnel_create, tunnel_undo },
	[STEP_TUNNEL_DELETE] = { "delete tunnel", tunnel_delete, NULL },
	[STEP_BRIDGE] = { "set up bridge", bridge_create, bridge_undo },
	[STEP_BRIDGE_DELETE] = { "delete bridge", bridge_delete, NULL },
	[STEP_BRIDGE_LIST] = { "list bridges", bridge_list, NULL },
	[STEP_VETH] = { "connect", veth_create, veth_undo },
	[STEP_JOIN] = { "join", join_create, join_undo },
	[STEP_CUT] = { "disconnect", cut_run, NULL },
	[STEP_ROUTE] = { "add route to", route_add, route_add_undo },
	[STEP_ROUTE_DELETE] = { "delete route to", route_delete, route_delete_undo },
	[STEP_ALIAS] = { "give address", alias_add, alias_undo },
	[STEP_ALIAS_DELETE] = { "take address", alias_delete, NULL },
	[STEP_PROXY] = { "answer for", proxy_add, proxy_undo },
	[STEP_PROXY_DELETE] = { "stop answering for", proxy_delete, NULL },
	[STEP_FIREWALL_DELETE] = { "take down the firewall", firewall_delete, NULL },
	[STEP_UPLINK] = { "follow the uplink", uplink_follow, NULL },
	[STEP_SETTINGS_BACK] = { "put back settings", settings_back, NULL },
	[STEP_CLEAR] = { "remove all links", clear_run, NULL },
	[STEP_GONE] = { "delete links", gone, NULL },
};
