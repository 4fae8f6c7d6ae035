#include "server/engine/prefix.h"

#include <string.h>

#include "runtime/util.h"

static struct prefix *prefix_of(struct tree_node *node)
{
	return node ? CONTAINER_OF(node, struct prefix, node) : NULL;
}

/* By family, first address, length: what lies in a prefix comes right behind it. */
static int compare(const struct tree_node *a, const struct tree_node *b)
{
	const struct ovd_cidr *x = &CONTAINER_OF(a, struct prefix, node)->cidr,
			      *y = &CONTAINER_OF(b, struct prefix, node)->cidr;
	int order = x->ip.len - y->ip.len;

	if (order == 0)
		order = memcmp(x->ip.b, y->ip.b, sizeof(x->ip.b));
	return order ? order : x->prefix_len - y->prefix_len;
}

struct prefix *prefix_insert(struct prefix_set *set, struct prefix *prefix)
{
	struct prefix *in = prefix_of(tree_insert(&set->root, &prefix->node, compare));

	if (in == prefix)
		set->n_of[prefix->cidr.prefix_len]++;
	return in;
}

void prefix_delete(struct prefix_set *set, const struct prefix *prefix)
{
	tree_delete(&set->root, &prefix->node, compare);
	set->n_of[prefix->cidr.prefix_len]--;
}

struct prefix *prefix_find(const struct prefix_set *set, const struct ovd_cidr *cidr)
{
	const struct prefix key = { .cidr = *cidr };

	return prefix_of(tree_find(set->root, &key.node, compare));
}

/* One that begins where this does, or behind. */
static struct prefix *find_inside(const struct prefix_set *set, const struct ovd_cidr *cidr)
{
	const struct prefix key = { .cidr = {
					    .ip = cidr_network(&cidr->ip, cidr->prefix_len).ip } };
	struct prefix *found = prefix_of(tree_at_least(set->root, &key.node, compare));

	return found && cidr_overlaps(&found->cidr, cidr) ? found : NULL;
}

/* One that begins before: all of this lies in it. */
static struct prefix *find_around(const struct prefix_set *set, const struct ovd_cidr *cidr)
{
	struct prefix *found = NULL;

	for (unsigned len = cidr->prefix_len; len-- > 0 && !found;) {
		struct ovd_cidr wider;

		if (set->n_of[len] == 0)
			continue;
		wider = cidr_network(&cidr->ip, (uint8_t)len);
		found = prefix_find(set, &wider);
	}
	return found;
}

struct prefix *prefix_overlapping(const struct prefix_set *set, const struct ovd_cidr *cidr)
{
	struct prefix *found = find_inside(set, cidr);

	return found ? found : find_around(set, cidr);
}
