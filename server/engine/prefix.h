/* Prefixes, each with whoever has it: found by what they are, and by what they overlap. */
#pragma once

#include <stdbool.h>

#include "runtime/ip.h"
#include "runtime/tree.h"

/* One of a set; part of a record of the caller's. */
struct prefix {
	struct tree_node node;
	struct ovd_cidr cidr; /* without host bits; the same for as long as it is in a set */
	bool marked;          /* the caller's own */
	void *owner;
};

/* {0} is empty and owns nothing. */
struct prefix_set {
	struct tree_node *root;
	uint32_t n_of[129]; /* how many have this length, of either family */
};

/* Puts it in and returns it; if there is an equal one, that is returned and stays. */
struct prefix *prefix_insert(struct prefix_set *set, struct prefix *prefix);

/* Takes it out; it must be in the set. */
void prefix_delete(struct prefix_set *set, const struct prefix *prefix);

/* The one that is just this; one that has an address in common with it. NULL if there is none. */
struct prefix *prefix_find(const struct prefix_set *set, const struct ovd_cidr *cidr);
struct prefix *prefix_overlapping(const struct prefix_set *set, const struct ovd_cidr *cidr);
