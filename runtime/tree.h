/* A balanced search tree of records that hold their own nodes, so that it asks for no memory: an AA
 * tree (Andersson, "Balanced search trees made simple", 1993), at most 2 log2(n + 1) nodes deep.
 *
 * A tree is a pointer to its root, NULL while it is empty. The records are the caller's. What two
 * records compare by must not change while they are in the tree. */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct tree_node {
	struct tree_node *left, *right;
	uint32_t level;
};

/* Less than, equal to, or greater than 0. */
typedef int tree_compare_fn(const struct tree_node *a, const struct tree_node *b);

/* Puts the node in and returns it, unless one is there that is equal: that is returned, and the
 * tree is as before. */
struct tree_node *tree_insert(struct tree_node **root, struct tree_node *node,
			      tree_compare_fn *compare);

/* Takes the node out. It must be in the tree. */
void tree_delete(struct tree_node **root, const struct tree_node *node, tree_compare_fn *compare);

/* The node that is equal to the key, which need not be in the tree; the least that is not less than
 * it. NULL if there is none. */
struct tree_node *tree_find(struct tree_node *root, const struct tree_node *key,
			    tree_compare_fn *compare);
struct tree_node *tree_at_least(struct tree_node *root, const struct tree_node *key,
				tree_compare_fn *compare);

/* Deep enough for 2^31 nodes. */
#define TREE_DEPTH_MAX 62

/* Where a walk is. */
struct tree_walk {
	struct tree_node *above[TREE_DEPTH_MAX];
	unsigned n;
};

/* Every node in order, then NULL: for (at = tree_first(&walk, root); at; at = tree_next(&walk)).
 * The tree must not change meanwhile, but a node that was returned may already be freed. */
struct tree_node *tree_first(struct tree_walk *walk, struct tree_node *root);
struct tree_node *tree_next(struct tree_walk *walk);

/* As tree_first, but begins with the least that is not less than the key. */
struct tree_node *tree_from(struct tree_walk *walk, struct tree_node *root,
			    const struct tree_node *key, tree_compare_fn *compare);
