/* How all is without an operation, and with it. */
#pragma once

#include "tests/crash/scene.h"

#define LATE_MS 90 /* after an answer: what is cut is deleted, peers are written down */

struct state {
	char *text, *descriptors;
	unsigned n_free;
};

struct state state_of(struct scene *s);
void state_done(struct state *state);

/* Which of the states it is, soon; ends the test if it is none. */
size_t state_settle(struct scene *s, const struct state *states, size_t n);

/* Descriptors and free addresses, of one that has settled, are as in the state. */
void state_check_rest(struct scene *s, const struct state *state);

void state_wait_for_the_late(void);
