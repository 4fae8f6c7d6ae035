/* Large requests and answers, beside the loop. */
#include <semaphore.h>
#include <stdlib.h>
#include <unistd.h>

#include "server/ipc/conn.h"
#include "tests/check.h"
#include "tests/server/ipc/rig.h"

#define LARGE (4 * CONN_LARGE)

/* The helper waits at a gate: nothing that was begun behind it goes on until then. */
struct gate {
	struct job job;
	sem_t open;
};

static void wait_at_gate(struct job *job)
{
	struct gate *g = CONTAINER_OF(job, struct gate, job);

	while (sem_wait(&g->open) < 0)
		continue;
}

static void passed_gate(struct job *job _unused_)
{
}

static void gate_close(struct gate *g, struct rig *r)
{
	*g = (struct gate){ .job = { .run = wait_at_gate, .done = passed_gate } };
	sem_init(&g->open, 0, 0);
	worker_submit(r->helper, &g->job);
}

static void gate_open(struct gate *g)
{
	sem_post(&g->open);
}

static void check_heard(struct rig *r, int fd, unsigned id)
{
	rig_ask(r, fd, id, OP_OK);
	rig_expect(r, fd, id, "\"ok\"");
}

TEST(others_are_heard_while_a_large_request_is_read)
{
	struct gate gate;
	struct rig r;
	int fd, other;

	rig_start(&r);
	fd = rig_connect(&r);
	other = rig_connect(&r);
	gate_close(&gate, &r);
	rig_ask_padded(&r, fd, 1, OP_OK, LARGE);
	rig_ask(&r, fd, 2, OP_OK);
	check_heard(&r, other, 1);
	CHECK(rig_quiet(&r, fd));
	CHECK_INT(r.handled, 1);
	gate_open(&gate);
	rig_expect(&r, fd, 1, "\"ok\"");
	rig_expect(&r, fd, 2, "\"ok\"");
	close(fd);
	close(other);
	rig_stop(&r);
}

TEST(others_are_heard_while_a_large_one_is_refused)
{
	struct gate gate;
	struct rig r;
	int fd, other;

	rig_start(&r);
	fd = rig_connect(&r);
	other = rig_connect(&r);
	gate_close(&gate, &r);
	rig_ask_padded(&r, fd, 1, "{\"op\":\"nope\"}", LARGE);
	rig_ask(&r, fd, 2, OP_OK);
	check_heard(&r, other, 1);
	CHECK(rig_quiet(&r, fd));
	gate_open(&gate);
	rig_expect(&r, fd, 1, "\"field\":\"request.op\"");
	rig_expect(&r, fd, 2, "\"ok\"");
	CHECK_INT(r.handled, 2);
	close(fd);
	close(other);
	rig_stop(&r);
}

/* Its memory is wiped after the answer. */
TEST(the_answer_waits_for_no_wiping)
{
	struct gate gate;
	struct rig r;
	int fd, other;

	rig_start(&r);
	fd = rig_connect(&r);
	other = rig_connect(&r);
	rig_ask_padded(&r, fd, 1, OP_HOLD, LARGE);
	while (!r.held)
		uv_run(&r.loop, UV_RUN_ONCE);
	gate_close(&gate, &r);
	call_ok(r.held);
	rig_expect(&r, fd, 1, "\"ok\"");
	rig_ask(&r, fd, 2, OP_OK);
	check_heard(&r, other, 1);
	CHECK(rig_quiet(&r, fd));
	gate_open(&gate);
	rig_expect(&r, fd, 2, "\"ok\"");
	close(fd);
	close(other);
	rig_stop(&r);
}

TEST(others_are_heard_while_a_large_answer_is_written)
{
	const struct ovd_event event = { .kind = OVD_EVENT_PEER_HEALTH_CHANGED };
	struct gate gate;
	struct rig r;
	int fd, other;

	rig_start(&r);
	fd = rig_connect(&r);
	other = rig_connect(&r);
	rig_ask(&r, fd, 1, OP_HEAR);
	rig_expect(&r, fd, 1, "\"ok\"");
	r.big_aside = true;
	r.n_big = LARGE;
	gate_close(&gate, &r);
	rig_ask(&r, fd, 2, OP_BIG);
	rig_ask(&r, fd, 3, OP_OK);
	check_heard(&r, other, 1);
	CHECK_INT(server_parked(r.server), 1);
	server_tell(r.server, &event);
	free(rig_read(&r, fd));
	CHECK(rig_quiet(&r, fd));
	gate_open(&gate);
	rig_expect(&r, fd, 2, "bridge_name");
	rig_expect(&r, fd, 3, "\"ok\"");
	CHECK_INT(server_parked(r.server), 0);
	close(fd);
	close(other);
	rig_stop(&r);
}

/* What was asked before is still unread, and what fits no frame is said. */
TEST(large_answers_behind_each_other)
{
	struct rig r;
	int fd;

	rig_start(&r);
	fd = rig_connect(&r);
	r.big_aside = true;
	r.n_big = LARGE;
	for (unsigned i = 0; i < 8; i++)
		rig_ask(&r, fd, i, OP_BIG);
	while (r.handled < 8)
		uv_run(&r.loop, UV_RUN_ONCE);
	r.n_big = FRAME_BODY_MAX;
	rig_ask(&r, fd, 8, OP_BIG);
	for (unsigned i = 0; i < 8; i++)
		rig_expect(&r, fd, i, "bridge_name");
	rig_expect(&r, fd, 8, "the answer is larger than a frame");
	close(fd);
	rig_stop(&r);
}

/* ---- a client that leaves meanwhile ---- */

static void leave(struct rig *r, struct gate *gate, int fd)
{
	int other = rig_connect(r);

	rig_turn(r);
	close(fd);
	check_heard(r, other, 1);
	server_drain(r->server);
	rig_turn(r);
	gate_open(gate);
	close(other);
	rig_stop(r);
}

TEST(it_leaves_while_its_request_is_read)
{
	struct gate gate;
	struct rig r;
	int fd;

	rig_start(&r);
	fd = rig_connect(&r);
	gate_close(&gate, &r);
	rig_ask_padded(&r, fd, 1, OP_OK, LARGE);
	leave(&r, &gate, fd);
}

TEST(it_leaves_while_its_answer_is_written)
{
	struct gate gate;
	struct rig r;
	int fd;

	rig_start(&r);
	fd = rig_connect(&r);
	r.big_aside = true;
	r.n_big = LARGE;
	gate_close(&gate, &r);
	rig_ask(&r, fd, 1, OP_BIG);
	leave(&r, &gate, fd);
}

TEST(it_leaves_while_its_memory_is_wiped)
{
	struct gate gate;
	struct rig r;
	int fd;

	rig_start(&r);
	fd = rig_connect(&r);
	rig_ask_padded(&r, fd, 1, OP_HOLD, LARGE);
	while (!r.held)
		uv_run(&r.loop, UV_RUN_ONCE);
	gate_close(&gate, &r);
	call_ok(r.held);
	leave(&r, &gate, fd);
}

TEST(it_leaves_in_the_middle_of_its_request)
{
	static const char half[LARGE];
	const uint32_t n = 2 * LARGE;
	struct gate gate;
	struct rig r;
	int fd;

	rig_start(&r);
	fd = rig_connect(&r);
	gate_close(&gate, &r);
	rig_send(&r, fd, &n, sizeof(n));
	rig_send(&r, fd, half, sizeof(half));
	leave(&r, &gate, fd);
}
