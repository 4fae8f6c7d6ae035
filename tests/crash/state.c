#include "tests/crash/state.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define SETTLE_TRIES 150
#define SETTLE_WAIT  20000000 /* nanoseconds */

void state_wait_for_the_late(void)
{
	const struct timespec late = { .tv_nsec = LATE_MS * 1000000L };

	nanosleep(&late, NULL);
}

struct state state_of(struct scene *s)
{
	struct state state = { .text = scene_look(s), .descriptors = scene_descriptors(s) };

	state.n_free = scene_free(s);
	return state;
}

void state_done(struct state *state)
{
	free(state->text);
	free(state->descriptors);
}

static void show_difference(const char *want, const char *got)
{
	FILE *file = fopen("/run/want", "we");

	fputs(want, file);
	fclose(file);
	file = fopen("/run/got", "we");
	fputs(got, file);
	fclose(file);
	fputs(sh("diff -U0 /run/want /run/got || true"), stderr);
	scene_show_log();
}

size_t state_settle(struct scene *s, const struct state *states, size_t n)
{
	const struct timespec moment = { .tv_nsec = SETTLE_WAIT };

	for (int tries = 0;; tries++) {
		_cleanup_(freep) char *text = scene_look(s);

		for (size_t i = 0; i < n; i++)
			if (strcmp(text, states[i].text) == 0)
				return i;
		if (tries == SETTLE_TRIES) {
			for (size_t i = 0; i < n; i++)
				show_difference(states[i].text, text);
			check_fail(__FILE__, __LINE__, "neither as before nor as after");
		}
		nanosleep(&moment, NULL);
	}
}

void state_check_rest(struct scene *s, const struct state *state)
{
	_cleanup_(freep) char *descriptors = scene_descriptors(s);

	if (strcmp(descriptors, state->descriptors) != 0) {
		show_difference(state->descriptors, descriptors);
		check_fail(__FILE__, __LINE__, "other descriptors");
	}
	CHECK_INT(scene_free(s), state->n_free);
}
