/* What happens in a soak, one act at a time, made from a seed: the same seed, the same acts. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

enum act_kind {
	ACT_SETUP,     /* how: which port */
	ACT_TEARDOWN,  /* of the tunnel */
	ACT_SERVICE,   /* what: which service; how: its mode */
	ACT_UNSERVICE, /* what */
	ACT_ATTACH,   /* who: which container; what: which service; how: 1 join, 6 ephemeral, 8 by a
			 descriptor */
	ACT_DETACH,   /* who; how: the same */
	ACT_LEND,     /* what: which service, or none */
	ACT_RETURN,   /* who: which lease */
	ACT_PEER,     /* who: which peer; what: which prefixes; how: of which tunnel */
	ACT_UNPEER,   /* who; how */
	ACT_ALLOW,    /* who; what: which prefix; how */
	ACT_DISALLOW, /* the same */
	ACT_SYNC,     /* who: which peers; what: which prefixes; how */
	ACT_PRUNE,    /* while there is an orphan */
	ACT_NUMBER,   /* of the node; how */
	ACT_UNINSTALL, /* and a daemon that finds nothing */
	ACT_REQUEST_MAX_,
	ACT_DEATH = ACT_REQUEST_MAX_, /* who: a container ends by itself */
	ACT_KILL,         /* the daemon; and the next one starts; how: a container ends meanwhile */
	ACT_STOP,         /* the same; what: by which of its ways */
	ACT_DEVICE_DEATH, /* who: a wireguard-go is killed */
	ACT_MAX_,
};

struct act {
	enum act_kind kind;
	uint8_t who, what, how;
	bool is_killed;    /* the daemon is, before it answers */
	unsigned after_us; /* so long after it was asked */
};

/* The next one. kills: the daemon may be killed, stopped and started. */
struct act act_next(uint64_t *state, bool kills);

const char *act_kind_name(enum act_kind kind);
