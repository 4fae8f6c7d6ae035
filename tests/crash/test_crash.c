/* The daemon is killed before each of its calls that changes something outside; the next one makes
 * of what it finds one of two things, all as before the operation or all as after it. What is
 * between one such call and the next one is nobody else's to see: to be killed after a call is to
 * be killed before the next, and after the last that round is for which no point is left. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tests/crash/acts.h"
#include "tests/crash/trace.h"

#define SETTLE_TRIES 150
#define SETTLE_WAIT  20000000 /* nanoseconds */
#define LATE_MS      90       /* after the answer: what is cut is deleted, peers are written down */

/* How all is without the operation, and with it. */
struct state {
	char *text, *descriptors;
	unsigned n_free;
};

struct kill_at {
	unsigned point, n; /* the n-th is the point */
	char where[64];
};

static bool is_it(void *arg, const struct trace_call *call)
{
	struct kill_at *at = arg;

	if (call->made || !trace_changes(call) || at->n++ != at->point)
		return false;
	snprintf(at->where, sizeof(at->where), "%s", trace_name(call->nr));
	return true;
}

/* ---- states ---- */

static void wait_for_what_is_late(void)
{
	const struct timespec late = { .tv_nsec = LATE_MS * 1000000L };

	nanosleep(&late, NULL);
}

static struct state state_of(struct scene *s)
{
	struct state state = { .text = scene_look(s), .descriptors = scene_descriptors(s) };

	state.n_free = scene_free(s);
	return state;
}

static void state_done(struct state *state)
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

/* Which of the states it is, soon. */
static size_t settle(struct scene *s, const struct state *states, size_t n)
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

static void check_all(struct scene *s, const struct state *state)
{
	_cleanup_(freep) char *descriptors = scene_descriptors(s);

	if (strcmp(descriptors, state->descriptors) != 0) {
		show_difference(state->descriptors, descriptors);
		check_fail(__FILE__, __LINE__, "other descriptors");
	}
	CHECK_INT(scene_free(s), state->n_free);
}

/* ---- an operation ---- */

static void take_back(struct scene *s, const struct act *act)
{
	for (size_t i = 0; i < ARRAY_SIZE(act->take_back) && act->take_back[i]; i++)
		scene_must(s, act->take_back[i]);
}

static void prepare(const struct act *act)
{
	if (act->script)
		run("%s", act->script);
}

/* Undisturbed; the daemon runs afterwards. */
static void act_whole(struct scene *s, const struct act *act)
{
	if (!act->request)
		return;
	prepare(act);
	scene_must(s, act->request);
	if (!act->ends)
		return;
	CHECK_INT(daemon_wait(s->pid), 0);
	scene_forget(s);
	scene_start(s);
}

static void live_again(struct scene *s)
{
	wait_for_what_is_late();
	scene_kill(s);
	scene_start(s);
	wait_for_what_is_late();
}

/* Each of a fresh life, so that descriptors can be compared. */
static void learn(struct scene *s, const struct act *act, struct state ret[2])
{
	act_whole(s, act);
	take_back(s, act);
	live_again(s);
	ret[0] = state_of(s);
	act_whole(s, act);
	live_again(s);
	ret[1] = state_of(s);
	take_back(s, act);
	settle(s, ret, 1);
}

/* Kills it at the point; false if there is no such point. */
static bool act_killed(struct scene *s, const struct act *act, struct kill_at *at)
{
	struct trace t = { .look = is_it, .arg = at };
	bool killed;

	if (act->request) {
		prepare(act);
		t.pid = s->pid;
		trace_begin(&t);
		trace_run(&t, scene_ask_beside(s, act->request), LATE_MS);
	} else {
		scene_kill(s);
		prepare(act);
		t.pid = scene_fork();
		trace_begin_held(&t);
		trace_run(&t, 0, 10 * LATE_MS);
	}
	killed = at->where[0];
	trace_kill(&t);
	scene_forget(s);
	return killed;
}

static bool round_at(struct scene *s, enum act_name name, const struct state states[2],
		     unsigned point)
{
	const struct act *act = &acts[name];
	struct kill_at at = { .point = point };
	bool killed;
	size_t is;

	CASE("point %u", point);
	killed = act_killed(s, act, &at);
	CASE("killed before %s, point %u", killed ? at.where : "nothing more", point);
	scene_start(s);
	is = settle(s, states, 2);
	check_all(s, &states[is]);
	if (act->once && is == 1)
		scene_learn_ip(s); /* nobody else knows it */
	else
		act_whole(s, act);
	settle(s, &states[1], 1);
	take_back(s, act);
	settle(s, states, 1);
	return killed;
}

static void each_point(enum act_name name)
{
	struct scene s;
	struct state states[2];
	unsigned point = act_first(name), n = 0;

	if (sanitized())
		SKIP("a process that is traced can't look for leaks ");
	if (act_stride() == 1)
		alarm(0);
	scene_enter(&s);
	scene_start(&s);
	for (size_t k = 0; k < ARRAY_SIZE(acts[name].base) && acts[name].base[k]; k++)
		scene_must(&s, acts[name].base[k]);
	learn(&s, &acts[name], states);
	for (; round_at(&s, name, states, point); point += act_stride())
		n++;
	if (act_stride() == 1)
		fprintf(stderr, "%u points ", n);
	scene_kill(&s);
	guest_stop(&s.guest);
	state_done(&states[0]);
	state_done(&states[1]);
}

#define EACH(id, name)                                                                             \
	TEST(id)                                                                                   \
	{                                                                                          \
		each_point(name);                                                                  \
	}

EACH(set_up_the_tunnel, SET_UP_THE_TUNNEL)
EACH(take_the_tunnel_down, TAKE_THE_TUNNEL_DOWN)
EACH(set_up_a_service, SET_UP_A_SERVICE)
EACH(take_a_service_down, TAKE_A_SERVICE_DOWN)
EACH(set_up_a_shared_service, SET_UP_A_SHARED_SERVICE)
EACH(take_a_shared_service_down, TAKE_A_SHARED_SERVICE_DOWN)
EACH(attach_a_container, ATTACH_A_CONTAINER)
EACH(attach_and_join, ATTACH_AND_JOIN)
EACH(detach_a_container, DETACH_A_CONTAINER)
EACH(detach_the_last, DETACH_THE_LAST)
EACH(allocate_an_address, ALLOCATE_AN_ADDRESS)
EACH(release_an_address, RELEASE_AN_ADDRESS)
EACH(add_a_peer, ADD_A_PEER)
EACH(remove_a_peer, REMOVE_A_PEER)
EACH(add_a_prefix, ADD_A_PREFIX)
EACH(remove_a_prefix, REMOVE_A_PREFIX)
EACH(set_the_nodes_number, SET_THE_NODES_NUMBER)
EACH(change_the_slice, CHANGE_THE_SLICE)
EACH(prune, PRUNE)
EACH(shut_down, SHUT_DOWN)
EACH(first_start, FIRST_START)
EACH(start, START)
