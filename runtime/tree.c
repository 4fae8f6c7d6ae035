#include "runtime/tree.h"

#include <stdbool.h>

#include "runtime/util.h"

/* A node's level is one above that of its left child, and the same or one above that of its right
 * child; never the same twice in a row. A leaf's is 1. */
static uint32_t level(const struct tree_node *node)
{
	return node ? node->level : 0;
}

/* A left child of the same level becomes the parent. */
static struct tree_node *skew(struct tree_node *at)
{
	struct tree_node *left = at ? at->left : NULL;

	if (!left || left->level != at->level)
		return at;
	at->left = left->right;
	left->right = at;
	return left;
}

/* Of three in a row on the right the middle one rises. */
static struct tree_node *split(struct tree_node *at)
{
	struct tree_node *right = at ? at->right : NULL;

	if (!right || level(right->right) != at->level)
		return at;
	at->right = right->left;
	right->left = at;
	right->level++;
	return right;
}

static struct tree_node *insert(struct tree_node *at, struct tree_node *node,
				tree_compare_fn *compare, struct tree_node **in)
{
	int order;

	if (!at)
		return node;
	order = compare(node, at);
	if (order == 0) {
		*in = at;
		return at;
	}
	if (order < 0)
		at->left = insert(at->left, node, compare, in);
	else
		at->right = insert(at->right, node, compare, in);
	return split(skew(at));
}

struct tree_node *tree_insert(struct tree_node **root, struct tree_node *node,
			      tree_compare_fn *compare)
{
	struct tree_node *in = node;

	*node = (struct tree_node){ .level = 1 };
	*root = insert(*root, node, compare, &in);
	return in;
}

/* After one of its children has sunk. */
static struct tree_node *sink(struct tree_node *at)
{
	uint32_t most = MIN(level(at->left), level(at->right)) + 1;

	if (at->level > most) {
		at->level = most;
		if (level(at->right) > most)
			at->right->level = most;
	}
	at = skew(at);
	at->right = skew(at->right);
	if (at->right)
		at->right->right = skew(at->right->right);
	at = split(at);
	at->right = split(at->right);
	return at;
}

static struct tree_node *take_last(struct tree_node *at, struct tree_node **last)
{
	if (!at->right) {
		*last = at;
		return at->left;
	}
	at->right = take_last(at->right, last);
	return sink(at);
}

/* Its place is taken by the one before it. Without a left child it has at most a leaf on the right.
 */
static struct tree_node *replace(const struct tree_node *node)
{
	struct tree_node *before, *left;

	if (!node->left)
		return node->right;
	left = take_last(node->left, &before);
	*before = *node;
	before->left = left;
	return sink(before);
}

static struct tree_node *delete (struct tree_node *at, const struct tree_node *node,
				 tree_compare_fn *compare)
{
	if (at == node)
		return replace(node);
	if (compare(node, at) < 0)
		at->left = delete (at->left, node, compare);
	else
		at->right = delete (at->right, node, compare);
	return sink(at);
}

void tree_delete(struct tree_node **root, const struct tree_node *node, tree_compare_fn *compare)
{
	*root = delete (*root, node, compare);
}

struct tree_node *tree_find(struct tree_node *root, const struct tree_node *key,
			    tree_compare_fn *compare)
{
	int order;

	while (root && (order = compare(key, root)) != 0)
		root = order < 0 ? root->left : root->right;
	return root;
}

struct tree_node *tree_at_least(struct tree_node *root, const struct tree_node *key,
				tree_compare_fn *compare)
{
	struct tree_node *least = NULL;

	while (root) {
		bool is_less = compare(root, key) < 0;

		if (!is_less)
			least = root;
		root = is_less ? root->right : root->left;
	}
	return least;
}

static void go_down(struct tree_walk *walk, struct tree_node *at)
{
	for (; at; at = at->left)
		walk->above[walk->n++] = at;
}

struct tree_node *tree_first(struct tree_walk *walk, struct tree_node *root)
{
	walk->n = 0;
	go_down(walk, root);
	return tree_next(walk);
}

struct tree_node *tree_next(struct tree_walk *walk)
{
	struct tree_node *at;

	if (walk->n == 0)
		return NULL;
	at = walk->above[--walk->n];
	go_down(walk, at->right);
	return at;
}

struct tree_node *tree_from(struct tree_walk *walk, struct tree_node *root,
			    const struct tree_node *key, tree_compare_fn *compare)
{
	for (walk->n = 0; root;) {
		if (compare(root, key) < 0) {
			root = root->right;
		} else {
			walk->above[walk->n++] = root;
			root = root->left;
		}
	}
	return tree_next(walk);
}
