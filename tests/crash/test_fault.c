/* Each request of the daemon to the kernel, and to wireguard-go, goes wrong in each of some ways:
 * the operation fails, and all is as before, or it succeeds, and all is as after it. Then it is
 * asked for again. What comes behind an answer, services that move or go with a container, is tried
 * once and told in the log: it is not looked at here. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "tests/crash/acts.h"
#include "tests/crash/fault.h"
#include "tests/crash/state.h"

/* Of those that run-tests takes; has nothing in common with the number of faults. */
#define FAULT_STRIDE 13

static const struct fault faults[] = {
	{ FAULT_NOT_SENT, ENOBUFS, "not sent: ENOBUFS" },
	{ FAULT_NOT_SENT, EINTR, "not sent: EINTR" },
	{ FAULT_REFUSED, EBUSY, "refused: EBUSY" },
	{ FAULT_REFUSED, EEXIST, "refused: EEXIST" },
	{ FAULT_REFUSED, ENOMEM, "refused: ENOMEM" },
	{ FAULT_LOST, 0, "answer lost" },
	{ FAULT_EINTR, 0, "EINTR" },
	{ FAULT_INTERRUPTED, 0, "dump interrupted" },
	{ FAULT_TRUNCATED, 0, "dump truncated" },
};

/* Each in the life that goes on. */
static void learn(struct scene *s, const struct act *act, struct state ret[2])
{
	act_whole(s, act);
	act_take_back(s, act);
	state_wait_for_the_late();
	act_prepare(act);
	ret[0] = state_of(s);
	scene_must(s, act->request);
	state_wait_for_the_late();
	ret[1] = state_of(s);
	act_take_back(s, act);
}

/* What the daemon answered; NULL if there is no such point. */
static char *act_faulty(struct scene *s, const struct act *act, struct fault_at *at)
{
	struct trace t = { .pid = s->pid, .look = fault_look, .arg = at };

	act_prepare(act);
	trace_begin(&t);
	trace_run(&t, scene_ask_beside(s, act->request), LATE_MS / 4);
	CHECK(!t.ended);
	trace_let_go(&t);
	return sh("cat " SCENE_ANSWER);
}

static bool round_at(struct scene *s, const struct act *act, const struct state states[2],
		     unsigned point, const struct fault *fault)
{
	_cleanup_(freep) struct fault_at *at = calloc(1, sizeof(*at));
	_cleanup_(freep) char *answer = NULL;
	bool good;

	CHECK(at);
	at->fault = fault;
	at->point = point;
	CASE("request %u %s", point, fault->name);
	answer = act_faulty(s, act, at);
	good = answer_is_good(answer);
	CASE("request %u %s: answered %.120s", point, fault->name, answer);
	state_settle(s, &states[good], 1);
	state_check_rest(s, &states[good]);
	if (!good)
		scene_must(s, act->request);
	state_settle(s, &states[1], 1);
	act_take_back(s, act);
	if (!act->script)
		state_settle(s, states, 1);
	return at->hit;
}

static void each_fault(enum act_name name)
{
	struct state states[2];
	struct scene s;
	unsigned stride = act_stride() == 1 ? 1 : FAULT_STRIDE;

	act_enter(&s, name);
	learn(&s, &acts[name], states);
	for (unsigned i = act_first(name);; i += stride)
		if (!round_at(&s, &acts[name], states, i / ARRAY_SIZE(faults),
			      &faults[i % ARRAY_SIZE(faults)]))
			break;
	scene_kill(&s);
	guest_stop(&s.guest);
	state_done(&states[0]);
	state_done(&states[1]);
}

/* A daemon either makes all as it is to be or says that it can't start, and the next one does. */
static bool start_faulty(struct scene *s, struct fault_at *at)
{
	struct trace t = { .look = fault_look, .arg = at };

	scene_kill(s);
	t.pid = s->pid = scene_fork();
	trace_begin_held(&t);
	trace_run(&t, scene_wait_beside(), 0);
	if (t.ended)
		scene_start(s);
	else
		trace_let_go(&t);
	if (s->fd < 0)
		scene_connect(s);
	return at->hit;
}

TEST(start)
{
	unsigned stride = act_stride() == 1 ? 1 : FAULT_STRIDE;
	struct state state;
	struct scene s;
	bool hit = true;

	act_enter(&s, START);
	state_wait_for_the_late();
	scene_kill(&s);
	scene_start(&s);
	state = state_of(&s);
	for (unsigned i = act_first(START); hit; i += stride) {
		_cleanup_(freep) struct fault_at *at = calloc(1, sizeof(*at));

		CHECK(at);
		at->fault = &faults[i % ARRAY_SIZE(faults)];
		at->point = i / ARRAY_SIZE(faults);
		CASE("request %u %s", at->point, at->fault->name);
		hit = start_faulty(&s, at);
		state_settle(&s, &state, 1);
		state_check_rest(&s, &state);
	}
	scene_kill(&s);
	guest_stop(&s.guest);
	state_done(&state);
}

#define EACH(id, name)                                                                             \
	TEST(id)                                                                                   \
	{                                                                                          \
		each_fault(name);                                                                  \
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
EACH(add_a_peer, ADD_A_PEER)
EACH(remove_a_peer, REMOVE_A_PEER)
EACH(add_a_prefix, ADD_A_PREFIX)
EACH(remove_a_prefix, REMOVE_A_PREFIX)
EACH(sync_the_peers, SYNC_THE_PEERS)
EACH(prune, PRUNE)
EACH(set_up_a_dedicated_service, SET_UP_A_DEDICATED_SERVICE)
EACH(take_a_dedicated_service_down, TAKE_A_DEDICATED_SERVICE_DOWN)
EACH(add_a_peer_of_a_service, ADD_A_PEER_OF_A_SERVICE)
