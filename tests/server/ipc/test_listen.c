#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "runtime/stream_unix.h"
#include "server/ipc/server.h"
#include "tests/check.h"
#include "tests/server/ipc/rig.h"

static void allow_descriptors(rlim_t n)
{
	struct rlimit limit;

	CHECK_INT(getrlimit(RLIMIT_NOFILE, &limit), 0);
	if (limit.rlim_max < n)
		SKIP("no %d descriptors here", (int)n);
	limit.rlim_cur = n;
	CHECK_INT(setrlimit(RLIMIT_NOFILE, &limit), 0);
}

static void check_works(struct rig *r, int fd)
{
	rig_ask(r, fd, 77, OP_OK);
	rig_expect(r, fd, 77, "\"ok\"");
}

TEST(who_finds_no_descriptor_waits_for_one)
{
	int fds[8];
	struct rig r;

	rig_start(&r);
	for (size_t i = 0; i < ARRAY_SIZE(fds); i++)
		fds[i] = rig_connect(&r);
	/* the clients' ends are the last that fit, and two of the server's */
	allow_descriptors((rlim_t)fds[7] + 3);
	rig_turn(&r);
	CHECK(rig_quiet(&r, fds[7]));
	check_works(&r, fds[0]);
	check_works(&r, fds[1]);
	rig_ask(&r, fds[2], 1, OP_OK);
	clock_advance(50000);
	CHECK(rig_quiet(&r, fds[2])); /* still none, however often it is tried */
	allow_descriptors(100);
	clock_advance(1000);
	rig_expect(&r, fds[2], 1, "\"ok\"");
	for (size_t i = 0; i < ARRAY_SIZE(fds); i++) {
		check_works(&r, fds[i]);
		close(fds[i]);
	}
	rig_stop(&r);
}

TEST(a_connection_more_than_the_limit_waits)
{
	static int fds[SERVER_CONNS_MAX + 1];
	struct rig r;

	allow_descriptors(2 * SERVER_CONNS_MAX + 100);
	rig_start(&r);
	for (size_t i = 0; i < ARRAY_SIZE(fds); i++) {
		fds[i] = rig_connect(&r);
		uv_run(&r.loop, UV_RUN_NOWAIT);
	}
	rig_ask(&r, fds[SERVER_CONNS_MAX], 1, OP_OK);
	CHECK(rig_quiet(&r, fds[SERVER_CONNS_MAX]));
	check_works(&r, fds[SERVER_CONNS_MAX - 1]);
	CHECK(rig_quiet(&r, fds[SERVER_CONNS_MAX]));
	close(fds[0]);
	rig_expect(&r, fds[SERVER_CONNS_MAX], 1, "\"ok\"");
	for (size_t i = 1; i < ARRAY_SIZE(fds); i++)
		close(fds[i]);
	rig_turn(&r);
	rig_stop(&r);
}

TEST(a_drained_server_ends_what_is_parked_and_takes_no_more)
{
	struct rig r;
	int busy, idle, late;

	rig_start(&r);
	busy = rig_connect(&r);
	idle = rig_connect(&r);
	rig_ask(&r, busy, 1, OP_HOLD);
	rig_ask(&r, busy, 2, OP_OK); /* arrived, but not begun */
	check_works(&r, idle);
	CHECK(rig_quiet(&r, busy));
	server_drain(r.server);
	server_drain(r.server);
	rig_expect_end(&r, idle);
	late = rig_connect(&r); /* the socket is there until the server closes */
	rig_ask(&r, late, 1, OP_OK);
	clock_advance(1000);
	CHECK(rig_quiet(&r, late));
	CHECK_INT(server_parked(r.server), 1);
	call_ok(r.held);
	CHECK_INT(server_parked(r.server), 0);
	rig_expect(&r, busy, 1, "\"ok\"");
	rig_expect(&r, busy, 2, "the daemon is stopping");
	rig_expect_end(&r, busy);
	CHECK_INT(r.handled, 2);
	close(busy);
	close(idle);
	rig_stop(&r);
	CHECK_INT(r.handled, 2);
	close(late);
}

static void closed(void *arg)
{
	struct rig *r = arg;

	r->server = NULL;
	r->closed++;
}

TEST(closing_writes_what_is_read_in_time)
{
	struct rig r;
	int deaf, reader;

	rig_start(&r);
	deaf = rig_connect(&r);
	reader = rig_connect(&r);
	r.n_big = 4 * 1024 * 1024;
	rig_ask(&r, deaf, 1, OP_BIG);
	rig_ask(&r, reader, 1, OP_BIG);
	while (r.handled < 2)
		rig_turn(&r);
	server_close(r.server, 1000, closed, &r);
	rig_expect(&r, reader, 1, "bridge_name");
	rig_expect_end(&r, reader);
	CHECK_INT(r.closed, 0);
	clock_advance(1000);
	while (!r.closed)
		uv_run(&r.loop, UV_RUN_ONCE);
	CHECK_INT(r.closed, 1);
	CHECK(stream_connect(r.path) == -ECONNREFUSED);
	close(deaf);
	close(reader);
	rig_stop(&r);
}

TEST(closing_waits_for_a_call_of_a_client_that_left)
{
	struct rig r;
	int fd;

	rig_start(&r);
	fd = rig_connect(&r);
	rig_ask(&r, fd, 1, OP_HOLD);
	rig_turn(&r);
	close(fd);
	server_close(r.server, 0, closed, &r);
	rig_turn(&r);
	CHECK_INT(r.closed, 0);
	call_ok(r.held);
	rig_turn(&r);
	CHECK_INT(r.closed, 1);
	rig_stop(&r);
}

TEST(closing_without_connections)
{
	struct rig r;

	rig_start(&r);
	server_close(r.server, 1000, closed, &r);
	CHECK_INT(r.closed, 0); /* on the loop, not from within */
	rig_turn(&r);
	CHECK_INT(r.closed, 1);
	rig_stop(&r);
}
