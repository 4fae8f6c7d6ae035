#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "server/ipc/conn.h"
#include "tests/check.h"
#include "tests/server/ipc/rig.h"

#define MIB (1024u * 1024)

static const char ok_frame[] =
	"\x40\0\0\0{\"frame\":\"request\",\"id\":9,\"request\":{\"op\":\"status\"}}";

/* ---- frames ---- */

TEST(frames_whole_in_pieces_and_together)
{
	static const char body[] = "{\"frame\":\"request\",\"id\":3,\"request\":" OP_OK "}";
	char two[2 * sizeof(body) + 8];
	uint32_t n = sizeof(body) - 1;
	struct rig r;
	int fd;

	rig_start(&r);
	fd = rig_connect(&r);
	for (size_t i = 0; i < 2; i++) {
		memcpy(two + i * (4 + n), &n, 4);
		memcpy(two + i * (4 + n) + 4, body, n);
	}
	for (size_t i = 0; i < 4 + n; i++) {
		CHECK(rig_quiet(&r, fd));
		rig_send(&r, fd, two + i, 1);
	}
	rig_expect(&r, fd, 3, "\"ok\"");
	rig_send(&r, fd, two, 2 * (4 + n));
	rig_expect(&r, fd, 3, "\"ok\"");
	rig_expect(&r, fd, 3, "\"ok\"");
	CHECK_INT(r.handled, 3);
	close(fd);
	rig_stop(&r);
}

TEST(length_zero_is_an_error_and_no_end)
{
	struct rig r;
	int fd;

	rig_start(&r);
	fd = rig_connect(&r);
	rig_send(&r, fd, "\0\0\0\0", 4);
	rig_expect(&r, fd, 0, "body is 1 byte at least (byte 0)\",\"code\":\"malformed\"}");
	rig_ask(&r, fd, 1, OP_OK);
	rig_expect(&r, fd, 1, "\"ok\"");
	close(fd);
	rig_stop(&r);
}

TEST(an_oversized_length_is_the_end)
{
	const uint32_t most = FRAME_BODY_MAX, n = FRAME_BODY_MAX + 1;
	struct rig r;
	int fd, at_most;

	rig_start(&r);
	fd = rig_connect(&r);
	at_most = rig_connect(&r);
	rig_send(&r, at_most, &most, sizeof(most));
	rig_ask(&r, fd, 1, OP_OK);
	rig_send(&r, fd, &n, sizeof(n));
	rig_ask(&r, fd, 2, OP_OK);
	rig_expect(&r, fd, 1, "\"ok\"");
	rig_expect(&r, fd, 0,
		   "\"frame too large: 8388609 bytes (max 8388608) (byte 0)\","
		   "\"code\":\"malformed\"}");
	rig_expect_end(&r, fd);
	CHECK(rig_quiet(&r, at_most));
	CHECK_INT(r.handled, 1);
	close(fd);
	close(at_most);
	rig_stop(&r);
}

TEST(frames_that_are_no_requests)
{
	static const char response[] =
		"{\"frame\":\"response\",\"id\":1,\"response\":{\"result\":\"ok\"}}";
	const uint32_t n = sizeof(response) - 1;
	struct rig r;
	int fd;

	rig_start(&r);
	fd = rig_connect(&r);
	rig_send(&r, fd, &n, sizeof(n));
	rig_send(&r, fd, response, n);
	rig_send(&r, fd, "\7\0\0\0garbage", 11);
	rig_expect(&r, fd, 0,
		   "\"expected an object (byte 0)\",\"code\":\"malformed\",\"offset\":0}");
	rig_ask(&r, fd, 1, "{\"op\":\"set_local_node_id\",\"node_id\":-1}");
	rig_expect(&r, fd, 1,
		   " (byte 72)\",\"code\":\"malformed\",\"field\":\"request.node_id\","
		   "\"offset\":72}");
	rig_ask(&r, fd, 2, OP_FAIL);
	rig_expect(&r, fd, 2, "\"No space left on device\",\"code\":\"exhausted\"}");
	CHECK_INT(r.handled, 1);
	close(fd);
	rig_stop(&r);
}

/* A client may close its half when it has asked everything. */
TEST(the_rest_is_answered_after_a_half_close)
{
	struct rig r;
	int fd;

	rig_start(&r);
	fd = rig_connect(&r);
	rig_ask(&r, fd, 1, OP_HOLD);
	rig_ask(&r, fd, 2, OP_OK);
	rig_send(&r, fd, "\1", 1);
	shutdown(fd, SHUT_WR);
	CHECK(rig_quiet(&r, fd));
	call_ok(r.held);
	rig_expect(&r, fd, 1, "\"ok\"");
	rig_expect(&r, fd, 2, "\"ok\"");
	rig_expect_end(&r, fd);
	close(fd);
	rig_stop(&r);
}

TEST(an_answer_that_fits_no_frame_is_an_error_and_no_end)
{
	struct rig r;
	int fd;

	rig_start(&r);
	fd = rig_connect(&r);
	r.n_big = FRAME_BODY_MAX;
	rig_ask(&r, fd, 1, OP_OK);
	rig_ask(&r, fd, 2, OP_BIG);
	rig_ask(&r, fd, 3, OP_OK);
	rig_expect(&r, fd, 1, "\"ok\"");
	rig_expect(&r, fd, 2, "the answer is larger than a frame: more than 8388608 bytes");
	rig_expect(&r, fd, 3, "\"ok\"");
	close(fd);
	rig_stop(&r);
}

/* What the request is made of lies in the frame. */
TEST(a_large_frame_lives_as_long_as_its_call)
{
	struct rig r;
	int fd;

	rig_start(&r);
	fd = rig_connect(&r);
	for (unsigned id = 0; id < 3; id++) {
		r.held = NULL;
		rig_ask_padded(&r, fd, id, OP_NAME, MIB / 2);
		while (!r.held)
			rig_turn(&r);
		CHECK(view_eq(r.held->request->teardown_service_overlay.service, view("web")));
		call_ok(r.held);
		rig_expect(&r, fd, id, "\"ok\"");
	}
	close(fd);
	rig_stop(&r);
}

/* ---- time ---- */

TEST(ten_seconds_for_a_frame)
{
	struct rig r;
	int half, head, idle;

	rig_start(&r);
	half = rig_connect(&r);
	head = rig_connect(&r);
	idle = rig_connect(&r);
	rig_send(&r, half, ok_frame, 20);
	rig_send(&r, head, ok_frame, 1);
	rig_turn(&r);
	clock_advance(8000);
	CHECK(rig_quiet(&r, half));
	rig_send(&r, half, ok_frame + 20, 1); /* a byte now and then does not help */
	CHECK(rig_quiet(&r, half));
	clock_advance(3000);
	rig_expect_end(&r, half);
	rig_expect_end(&r, head);
	clock_advance(100000);
	CHECK(rig_quiet(&r, idle)); /* it sent nothing, and may */
	rig_ask(&r, idle, 1, OP_OK);
	rig_expect(&r, idle, 1, "\"ok\"");
	close(half);
	close(head);
	close(idle);
	rig_stop(&r);
}

/* Each frame is whole in time, but at no moment is the buffer empty. */
TEST(the_clock_starts_anew_with_each_frame)
{
	static const char body[] = "{\"frame\":\"request\",\"id\":3,\"request\":" OP_OK "}";
	char frame[sizeof(body) + 4];
	const uint32_t n = sizeof(body) - 1;
	struct rig r;
	int fd;

	rig_start(&r);
	memcpy(frame, &n, 4);
	memcpy(frame + 4, body, n);
	fd = rig_connect(&r);
	rig_send(&r, fd, frame, 10);
	for (int i = 0; i < 10; i++) {
		CASE("frame %d", i);
		CHECK(rig_quiet(&r, fd));
		clock_advance(5000);
		rig_send(&r, fd, frame + 10, n + 4 - 10);
		rig_send(&r, fd, frame, 10);
		rig_expect(&r, fd, 3, "\"ok\"");
	}
	close(fd);
	rig_stop(&r);
}

/* The client can't send more while its call takes long: the time is not its own. */
TEST(a_call_that_takes_long_costs_no_time)
{
	struct rig r;
	int fd;

	rig_start(&r);
	fd = rig_connect(&r);
	rig_ask(&r, fd, 1, OP_HOLD);
	rig_send(&r, fd, ok_frame, 10);
	CHECK(rig_quiet(&r, fd));
	clock_advance(60000);
	CHECK(rig_quiet(&r, fd));
	call_ok(r.held);
	rig_expect(&r, fd, 1, "\"ok\"");
	clock_advance(8000);
	CHECK(rig_quiet(&r, fd));
	clock_advance(3000);
	rig_expect_end(&r, fd);
	close(fd);
	rig_stop(&r);
}

/* ---- order ---- */

TEST(answers_keep_the_order_of_their_requests)
{
	struct rig r;
	int fd, other;

	rig_start(&r);
	fd = rig_connect(&r);
	other = rig_connect(&r);
	rig_ask(&r, fd, 1, OP_OK);
	rig_ask(&r, fd, 2, OP_HOLD);
	rig_ask(&r, fd, 3, OP_OK);
	rig_ask(&r, fd, 4, OP_PLAN);
	rig_ask(&r, fd, 5, OP_OK);
	rig_expect(&r, fd, 1, "\"ok\"");
	CHECK(rig_quiet(&r, fd));
	CHECK_INT(server_parked(r.server), 1);
	rig_ask(&r, other, 1, OP_OK); /* others need not wait */
	rig_expect(&r, other, 1, "\"ok\"");
	CHECK_INT(r.handled, 3);
	call_fail(r.held, -EIO, "the disk is %s", "gone");
	rig_expect(&r, fd, 2, "\"the disk is gone\",\"code\":\"failed\"}");
	rig_expect(&r, fd, 3, "\"ok\"");
	rig_expect(&r, fd, 4, "\"ok\"");
	rig_expect(&r, fd, 5, "\"ok\"");
	CHECK_INT(server_parked(r.server), 0);
	close(fd);
	close(other);
	rig_stop(&r);
}

TEST(who_waits_is_handled_when_another_call_ends)
{
	struct rig r;
	int a, b;

	rig_start(&r);
	a = rig_connect(&r);
	b = rig_connect(&r);
	r.busy = true;
	rig_ask(&r, a, 1, OP_HOLD);
	rig_ask(&r, b, 1, OP_AWAIT);
	CHECK(rig_quiet(&r, b));
	CHECK_INT(r.handled, 2);
	CHECK_INT(server_parked(r.server), 2); /* whoever stops waits for both */
	call_ok(r.held);
	CHECK_INT(r.handled, 3); /* it was asked again, in vain */
	CHECK(rig_quiet(&r, b));
	r.busy = false;
	server_wake(r.server);
	rig_expect(&r, b, 1, "\"ok\"");
	CHECK_INT(server_parked(r.server), 0);
	rig_expect(&r, a, 1, "\"ok\"");
	close(a);
	close(b);
	rig_stop(&r);
}

/* Though it was never parked. */
TEST(who_waits_is_handled_when_one_that_waited_is_refused)
{
	struct rig r;
	int a, b;

	rig_start(&r);
	a = rig_connect(&r);
	b = rig_connect(&r);
	r.busy = true;
	rig_ask(&r, a, 1, OP_AWAIT);
	rig_turn(&r);
	rig_ask(&r, b, 1, OP_FREE);
	rig_turn(&r);
	CHECK_INT(server_parked(r.server), 2);
	r.may_end = true;
	server_wake(r.server); /* the first in vain, as the second comes behind it */
	CHECK_INT(server_parked(r.server), 0);
	rig_expect(&r, a, 1, "\"ok\"");
	rig_expect(&r, b, 1, "\"err\"");
	close(a);
	close(b);
	rig_stop(&r);
}

TEST(a_client_that_leaves_its_calls_behind)
{
	static const char *const ops[] = { OP_HOLD, OP_AWAIT, OP_PLAN, OP_BIG };
	struct rig r;

	rig_start(&r);
	r.n_big = MIB;
	for (size_t i = 0; i < ARRAY_SIZE(ops); i++) {
		int fd = rig_connect(&r);

		CASE("%s", ops[i]);
		r.busy = true;
		r.held = NULL;
		rig_ask(&r, fd, 1, ops[i]);
		rig_ask(&r, fd, 2, OP_OK);
		rig_turn(&r);
		close(fd);
		rig_turn(&r);
		r.busy = false;
		server_wake(r.server);
		if (r.held)
			call_ok(r.held);
		while (server_parked(r.server) > 0)
			rig_turn(&r);
	}
	rig_stop(&r);
}

/* What stood in the buffer when the server stopped listening is answered too. */
TEST(requests_behind_the_last_one)
{
	struct rig r;
	int fd;

	rig_start(&r);
	fd = rig_connect(&r);
	rig_ask(&r, fd, 1, OP_HOLD);
	rig_ask(&r, fd, 2, OP_HOLD);
	rig_ask(&r, fd, 3, OP_OK);
	rig_turn(&r);
	server_drain(r.server);
	CHECK(rig_quiet(&r, fd));
	CHECK_INT(server_parked(r.server), 1);
	call_ok(r.held);
	rig_expect(&r, fd, 1, "\"ok\"");
	rig_expect(&r, fd, 2,
		   "\"the daemon is stopping\",\"code\":\"unavailable\",\"retryable\":true}");
	rig_expect(&r, fd, 3, "the daemon is stopping");
	rig_expect_end(&r, fd);
	CHECK_INT(r.handled, 1);
	close(fd);
	rig_stop(&r);
}

/* ---- what a client doesn't read ---- */

TEST(more_than_16_mib_unread_is_the_end)
{
	static char bytes[64 * 1024];
	struct rig r;
	size_t got = 0;
	ssize_t n;
	int fd;

	rig_start(&r);
	fd = rig_connect(&r);
	r.n_big = MIB;
	for (unsigned i = 0; i < 40; i++)
		rig_ask(&r, fd, i, OP_BIG);
	while (r.handled < 17)
		uv_run(&r.loop, UV_RUN_ONCE);
	rig_turn(&r);
	CHECK(r.handled == 17 || r.handled == 18); /* what the socket takes comes on top */
	while ((n = recv(fd, bytes, sizeof(bytes), 0)) > 0)
		got += (size_t)n;
	CHECK(n == 0 || errno == ECONNRESET);
	CHECK(got > 0 && got < 2 * MIB); /* what was queued is gone */
	close(fd);
	rig_stop(&r);
}

/* The queue is just above its limit until some of it is written: what was asked behind it is not
 * forgotten. */
TEST(a_full_queue_that_empties_goes_on)
{
	struct rig r;
	int fd;

	rig_start(&r);
	fd = rig_connect(&r);
	r.n_big = MIB;
	for (unsigned i = 0; i < 16; i++)
		rig_ask(&r, fd, i, OP_BIG);
	rig_ask(&r, fd, 16, OP_OK);
	for (unsigned i = 0; i < 16; i++)
		rig_expect(&r, fd, i, "bridge_name");
	rig_expect(&r, fd, 16, "\"ok\"");
	close(fd);
	rig_stop(&r);
}

/* ---- words ---- */

TEST(a_field_that_is_refused)
{
	struct rig r;
	int fd;

	rig_start(&r);
	fd = rig_connect(&r);
	rig_ask(&r, fd, 1, OP_HOLD);
	rig_turn(&r);
	call_refuse(r.held, -ERANGE, "wg_port", "%d is odd", 7);
	rig_expect(&r, fd, 1,
		   "\"wg_port: 7 is odd\",\"code\":\"invalid\",\"field\":\"request.wg_port\"}");
	close(fd);
	rig_stop(&r);
}

TEST(a_message_that_is_cut_is_cut_between_characters)
{
	char text[8000];
	struct rig r;
	int fd;

	rig_start(&r);
	fd = rig_connect(&r);
	for (size_t skip = 0; skip < 3; skip++) {
		_cleanup_(freep) char *body = NULL;
		char *end;

		CASE("%zu bytes before", skip);
		memset(text, 'a', skip);
		text[skip] = '\0';
		for (size_t i = skip; i + 3 < sizeof(text); i += 3)
			memcpy(text + i, "\u20ac", 4);
		rig_ask(&r, fd, 1, OP_HOLD);
		rig_turn(&r);
		call_fail(r.held, -EINVAL, "%s", text);
		body = rig_read(&r, fd);
		CHECK(body);
		end = strrchr(body, '\xac');
		CHECK(end && end[1] == '"');
	}
	close(fd);
	rig_stop(&r);
}
