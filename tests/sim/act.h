/* What happens in a simulation, one act at a time: a script is a list of them, made from a seed. */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum act_kind {
	ACT_SETUP, /* what: which range */
	ACT_TEARDOWN,
	ACT_SERVICE,   /* who: which service; what: its mode, of 8 */
	ACT_UNSERVICE, /* who */
	ACT_ATTACH,    /* who: which process; what: which service; how: 1 join, 2 ephemeral */
	ACT_DETACH,    /* who */
	ACT_LEND,      /* what: which service, or none */
	ACT_RETURN,    /* who: which lease */
	ACT_PEER,      /* who: which peer; what: which prefixes; how: of which tunnel */
	ACT_SYNC,      /* what: which peers; how: who has which prefix */
	ACT_UNPEER,    /* who, how */
	ACT_ALLOW,     /* who, what: a prefix; how */
	ACT_DISALLOW,  /* the same */
	ACT_WORK,      /* the link thread does a step; how: it fails */
	ACT_SETTLE,    /* and all that is left */
	ACT_DEATH,     /* who: a container ends by itself */
	ACT_CRASH,     /* kill -9, and the next daemon starts */
	ACT_MAX_,
};

struct act {
	uint8_t kind, who, what, how;
};

/* The script of a seed. From malloc. */
struct act *acts_of(uint64_t seed, size_t n);

void act_print(FILE *to, const struct act *act);

/* The shortest script found that still fails, as `fails` says: acts are left out while it does. In
 * place; returns how many are left. */
size_t acts_shrink(struct act *acts, size_t n, int (*fails)(const struct act *acts, size_t n));
