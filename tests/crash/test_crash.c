/* The daemon is killed before each of its calls that changes something outside; the next one makes
 * of what it finds one of two things, all as before the operation or all as after it. What is
 * between one such call and the next one is nobody else's to see: to be killed after a call is to
 * be killed before the next, and after the last that round is for which no point is left. */
#include <stdio.h>

#include "tests/crash/acts.h"
#include "tests/crash/state.h"
#include "tests/crash/trace.h"

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

static void live_again(struct scene *s)
{
	state_wait_for_the_late();
	scene_kill(s);
	scene_start(s);
	state_wait_for_the_late();
}

/* Each of a fresh life, so that descriptors can be compared. */
static void learn(struct scene *s, const struct act *act, struct state ret[2])
{
	act_whole(s, act);
	act_take_back(s, act);
	live_again(s);
	ret[0] = state_of(s);
	act_whole(s, act);
	live_again(s);
	ret[1] = state_of(s);
	act_take_back(s, act);
	state_settle(s, ret, 1);
}

/* Kills it at the point; false if there is no such point. */
static bool act_killed(struct scene *s, const struct act *act, struct kill_at *at)
{
	struct trace t = { .look = is_it, .arg = at };
	bool killed;

	if (act->request) {
		act_prepare(act);
		t.pid = s->pid;
		trace_begin(&t);
		trace_run(&t, scene_ask_beside(s, act->request), LATE_MS);
	} else {
		scene_kill(s);
		act_prepare(act);
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
	is = state_settle(s, states, 2);
	state_check_rest(s, &states[is]);
	if (act->once && is == 1)
		scene_learn_ip(s); /* nobody else knows it */
	else
		act_whole(s, act);
	state_settle(s, &states[1], 1);
	act_take_back(s, act);
	state_settle(s, states, 1);
	return killed;
}

static void each_point(enum act_name name)
{
	struct scene s;
	struct state states[2];
	unsigned point = act_first(name), n = 0;

	act_enter(&s, name);
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
EACH(attach_by_a_descriptor, ATTACH_BY_A_DESCRIPTOR)
EACH(detach_a_container, DETACH_A_CONTAINER)
EACH(detach_the_last, DETACH_THE_LAST)
EACH(allocate_an_address, ALLOCATE_AN_ADDRESS)
EACH(release_an_address, RELEASE_AN_ADDRESS)
EACH(add_a_peer, ADD_A_PEER)
EACH(remove_a_peer, REMOVE_A_PEER)
EACH(add_a_prefix, ADD_A_PREFIX)
EACH(remove_a_prefix, REMOVE_A_PREFIX)
EACH(sync_the_peers, SYNC_THE_PEERS)
EACH(set_the_nodes_number, SET_THE_NODES_NUMBER)
EACH(change_the_slice, CHANGE_THE_SLICE)
EACH(prune, PRUNE)
EACH(shut_down, SHUT_DOWN)
EACH(first_start, FIRST_START)
EACH(start, START)
EACH(set_up_a_dedicated_service, SET_UP_A_DEDICATED_SERVICE)
EACH(take_a_dedicated_service_down, TAKE_A_DEDICATED_SERVICE_DOWN)
EACH(add_a_peer_of_a_service, ADD_A_PEER_OF_A_SERVICE)
EACH(start_with_a_dedicated_service, START_WITH_A_DEDICATED_SERVICE)
