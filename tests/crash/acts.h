/* What clients ask for, and how it is taken back. */
#pragma once

#include "tests/crash/scene.h"

struct act {
	const char *base[4]; /* asked first, once */
	const char *script;  /* run before each time, of a start while no daemon runs; NULL */
	const char *request; /* NULL: the daemon's own start */
	const char *take_back[2];
	bool ends; /* the daemon ends with it */
	bool once; /* asked again, it takes another address */
	bool anew; /* what it makes has another key each time */
};

enum act_name {
	SET_UP_THE_TUNNEL,
	TAKE_THE_TUNNEL_DOWN,
	SET_UP_A_SERVICE,
	TAKE_A_SERVICE_DOWN,
	SET_UP_A_SHARED_SERVICE,
	TAKE_A_SHARED_SERVICE_DOWN,
	ATTACH_A_CONTAINER,
	ATTACH_AND_JOIN,
	ATTACH_BY_A_DESCRIPTOR,
	DETACH_A_CONTAINER,
	ALLOCATE_AN_ADDRESS,
	RELEASE_AN_ADDRESS,
	ADD_A_PEER,
	REMOVE_A_PEER,
	ADD_A_PREFIX,
	REMOVE_A_PREFIX,
	SYNC_THE_PEERS,
	SET_THE_NODES_NUMBER,
	PRUNE,
	DETACH_THE_LAST,
	CHANGE_THE_SLICE,
	SET_UP_A_DEDICATED_SERVICE,
	TAKE_A_DEDICATED_SERVICE_DOWN,
	ADD_A_PEER_OF_A_SERVICE,
	START_WITH_A_DEDICATED_SERVICE,
	SHUT_DOWN,
	FIRST_START,
	START,
	ACT_MAX_,
};
extern const struct act acts[ACT_MAX_];

/* Which points are tried: all if CRASH is "all", else every 4th, others each day; SEED says
 * which. */
unsigned act_stride(void);
unsigned act_first(enum act_name act);

/* What comes before the request; all of it, undisturbed, so that a daemon runs afterwards; what
 * takes it back. */
void act_prepare(const struct act *act);
void act_whole(struct scene *s, const struct act *act);
void act_take_back(struct scene *s, const struct act *act);

/* A scene in which the base of the act stands. */
void act_enter(struct scene *s, enum act_name act);
