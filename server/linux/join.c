#include <errno.h>

#include "server/linux/address.h"
#include "server/linux/link.h"
#include "server/linux/pair.h"
#include "server/linux/sysctl.h"

#define LO_INDEX   1
#define JOIN_TABLE 200 /* inside the container: what leaves by eth1 because it came in there */
#define RULES_MAX  256 /* that are taken away at a time */

/* Unlike all else in the container a rule doesn't go with its link: a container that was cut has it
 * still when it comes back, maybe with another address. */
static void delete_rules(struct linux_net *l, const struct step_join *join)
{
	const struct pair pair = { .netns = join->netns };

	for (int i = 0; i < RULES_MAX; i++) {
		struct rtnl_batch b = { .n = 0 };

		rule_put_delete(&b, rtnl_family(&join->ip), JOIN_TABLE);
		if (pair_configure(l, &pair, &b, NULL) < 0)
			return;
	}
}

static int add_rule(struct linux_net *l, const struct step_join *join, const struct pair *pair,
		    char *detail)
{
	struct rtnl_batch b = { .n = 0 };

	delete_rules(l, join);
	rule_put_from(&b, &join->ip, JOIN_TABLE);
	return pair_configure(l, pair, &b, detail);
}

/* The container's end: its address alone, the node behind it, the node's block through the node;
 * and a table of its own, so that answers leave by the link by which the question came. */
static int configure_guest(struct linux_net *l, const struct step_join *join,
			   const struct pair *pair, char *detail)
{
	const struct route node = { .to = cidr_host(&join->node_ip),
				    .index = pair->index,
				    .table = RT_TABLE_MAIN,
				    .scope = RT_SCOPE_LINK };
	const struct route block = { .to = join->block,
				     .gateway = join->node_ip,
				     .index = pair->index,
				     .table = RT_TABLE_MAIN };
	const struct route out = { .to = { .ip = { .len = join->ip.len } },
				   .gateway = join->node_ip,
				   .index = pair->index,
				   .table = JOIN_TABLE };
	struct rtnl_batch b = { .n = 0 };
	int r;

	link_put_up(&b, LO_INDEX, NULL);
	link_put_quiet(&b, pair->index, NULL, NULL);
	link_put_up(&b, pair->index, NULL);
	address_put(&b, pair->index, &join->ip, (uint8_t)ip_bits(&join->ip));
	route_put(&b, &node);
	route_put(&b, &block);
	route_put(&b, &out);
	r = pair_configure(l, pair, &b, detail);
	return r == 0 ? add_rule(l, join, pair, detail) : r;
}

/* The host's end: the node's address, for the container to send to, and the way to the container.
 */
static int configure_host(struct linux_net *l, const struct step_join *join, int index,
			  char *detail)
{
	const struct route to = { .to = cidr_host(&join->ip),
				  .source = join->node_ip,
				  .index = index,
				  .table = RT_TABLE_MAIN,
				  .scope = RT_SCOPE_LINK };
	struct rtnl_batch b = { .n = 0 };

	address_put(&b, index, &join->node_ip, (uint8_t)ip_bits(&join->node_ip));
	if (join->node_ip.len == 16)
		address_put_link_local(&b, index);
	route_put(&b, &to);
	return rtnl_send(l->rtnl, &b, detail);
}

int join_create(void *platform, struct step *step, char *detail)
{
	struct linux_net *l = platform;
	struct step_join *join = &step->join;
	struct pair pair = { .netns = join->netns,
			     .host = join->host,
			     .guest = join->guest,
			     .alias = join->alias,
			     .mtu = l->mtu };
	int r = pair_create(l, &pair, detail);

	join->index = pair.index;
	if (r < 0)
		return r;
	r = configure_host(l, join, pair.index, detail);
	if (r == 0)
		r = configure_guest(l, join, &pair, detail);
	if (r == 0)
		r = sysctl_forward(l->net.store, join->host);
	if (r == 0)
		r = pair_wait(l, &pair);
	if (r < 0)
		join_undo(platform, step);
	return r;
}

void join_undo(void *platform, struct step *step)
{
	pair_delete(platform, &step->join.index);
	delete_rules(platform, &step->join);
}
